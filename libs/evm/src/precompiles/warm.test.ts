// Goal: an engine that is warm runs a block at once, before what the event loop has waiting (compiling, above all).
// Method: warm twice, with a callback queued in between.
import { warmPrecompiles } from './warm.ts';

test('warming again does not let the event loop go round', async () => {
  await warmPrecompiles({ pointEvaluation: false });
  let turned = false;
  const turn = new Promise<void>((resolve) => {
    setImmediate(() => {
      turned = true;
      resolve();
    });
  });
  await warmPrecompiles({ pointEvaluation: false });
  expect(turned).toBe(false);
  await turn;
});
