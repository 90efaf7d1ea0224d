// Goal: the stack that each instruction needs is what the machine says, and names are geth's.
// Method: every opcode on every low stack through @ethereumjs, and on a full one.
import { createBlock } from '@ethereumjs/block';
import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import { createEVM } from '@ethereumjs/evm';
import { Account, createZeroAddress } from '@ethereumjs/util';
import { instructionName, stackFault } from './instructions.ts';

test('a stack is too low or too high where the machine says so', async () => {
  const common = new Common({ chain: Mainnet, hardfork: Hardfork.Osaka });
  const evm = await createEVM({ common });
  const header = { number: 1n, baseFeePerGas: 7n, excessBlobGas: 0n };
  const block = createBlock({ header }, { common, skipConsensusFormatValidation: true, setHardfork: false });
  await evm.stateManager.putAccount(createZeroAddress(), new Account(1n, 1n));
  for (let code = 0; code < 256; code++) {
    for (const height of [0, 1, 2, 3, 4, 5, 6, 7, 8, 15, 16, 17, 1_023, 1_024]) {
      const pushes = new Uint8Array(height + 1).fill(0x5f);
      pushes[height] = code;
      const { execResult } = await evm.runCall({ block, to: createZeroAddress(), code: pushes, gasLimit: 10_000_000n });
      const { exceptionError } = execResult;
      const wanted =
        exceptionError?.error === 'stack underflow'
          ? 'stack underflow'
          : exceptionError?.error === 'stack overflow'
            ? 'stack limit reached'
            : undefined;
      expect({ code, height, fault: stackFault(code, height)?.replace(/ \(.*| \d.*/, '') }).toEqual({
        code,
        height,
        fault: wanted,
      });
    }
  }
});

test('names and words', () => {
  expect(instructionName(0x44, 'PREVRANDAO')).toBe('DIFFICULTY');
  expect(instructionName(0x0c, 'INVALID')).toBe('opcode 0xc not defined');
  expect(instructionName(0xfe, 'INVALID')).toBe('INVALID');
  expect(stackFault(0x01, 1)).toBe('stack underflow (1 <=> 2)');
  expect(stackFault(0x5f, 1_024)).toBe('stack limit reached 1024 (1023)');
});
