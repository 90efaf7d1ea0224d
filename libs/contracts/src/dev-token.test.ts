// Goal: the committed artifact is what solc makes of the source, and it is a working ERC-20.
// Method: recompile in check mode; deploy the bytecode in the reference EVM and call it through its ABI.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { createEVM } from '@ethereumjs/evm';
import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import { createAddressFromString, hexToBytes } from '@ethereumjs/util';
import { decodeFunctionResult, encodeDeployData, encodeFunctionData, toHex } from 'viem';
import { devToken } from './index.ts';

const owner = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266';
const other = '0x70997970c51812dc3a010c7d01b50e0d17dc79c8';

test('the generated file is up to date', () => {
  execFileSync(process.execPath, [join(__dirname, '../compile.mjs'), '--check'], { encoding: 'utf8' });
});

test.each([Hardfork.Cancun, Hardfork.Prague, Hardfork.Osaka])('deploys and transfers on %s', async (hardfork) => {
  const evm = await createEVM({ common: new Common({ chain: Mainnet, hardfork }) });
  const caller = createAddressFromString(owner);
  const run = async (data: `0x${string}`, to?: string) => {
    const { execResult, createdAddress } = await evm.runCall({
      caller,
      gasLimit: 5_000_000n,
      data: hexToBytes(data),
      ...(to === undefined ? {} : { to: createAddressFromString(to) }),
    });
    return { error: execResult.exceptionError?.error, output: toHex(execResult.returnValue), createdAddress };
  };

  const created = await run(encodeDeployData({ ...devToken, args: ['Dev', 'DEV', 1_000n] }));
  expect(created.error).toBeUndefined();
  const token = String(created.createdAddress);
  expect(created.output).toBe(devToken.deployedBytecode);

  const sent = await run(encodeFunctionData({ ...devToken, functionName: 'transfer', args: [other, 300n] }), token);
  expect(sent.error).toBeUndefined();
  const tooMuch = await run(encodeFunctionData({ ...devToken, functionName: 'transfer', args: [other, 701n] }), token);
  expect(tooMuch.error).toBe('revert');

  for (const [account, expected] of [
    [owner, 700n],
    [other, 300n],
  ] as const) {
    const { output } = await run(
      encodeFunctionData({ ...devToken, functionName: 'balanceOf', args: [account] }),
      token,
    );
    expect(decodeFunctionResult({ ...devToken, functionName: 'balanceOf', data: output })).toBe(expected);
  }
});
