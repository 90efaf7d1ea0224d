// Deploys an OpenZeppelin ERC-20 on a running devnet, transfers some of it, and waits until that is final.
//
//   node apps/e2e/examples/viem-deploy.mjs [JSON-RPC URL, http://127.0.0.1:8545 by default]
//
// Needs the build (`npm start` has done it): the compiled contract comes from dist/libs/contracts.
import { createPublicClient, createWalletClient, defineChain, formatEther, http, parseEther } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { devToken } from '../../../dist/libs/contracts/index.mjs';

const url = process.argv[2] ?? 'http://127.0.0.1:8545';
const chain = defineChain({
  id: 74_323,
  name: 'Sheaf devnet',
  nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
  rpcUrls: { default: { http: [url] } },
});
// Everybody knows this mnemonic: for development only.
const mnemonic = 'test test test test test test test test test test test junk';
const account = mnemonicToAccount(mnemonic);
const friend = mnemonicToAccount(mnemonic, { addressIndex: 1 });

const reader = createPublicClient({ chain, transport: http(url), pollingInterval: 100 });
const wallet = createWalletClient({ chain, transport: http(url), account });

const deployment = await wallet.deployContract({ ...devToken, args: ['Example', 'EXA', parseEther('1000')] });
const { contractAddress, blockNumber } = await reader.waitForTransactionReceipt({ hash: deployment });
console.log(`deployed at ${contractAddress} in block ${blockNumber}`);

const token = { address: contractAddress, abi: devToken.abi };
const transfer = await wallet.writeContract({
  ...token,
  functionName: 'transfer',
  args: [friend.address, parseEther('25')],
});
const receipt = await reader.waitForTransactionReceipt({ hash: transfer });
console.log(`transferred in block ${receipt.blockNumber}, status ${receipt.status}, gas ${receipt.gasUsed}`);

const balance = await reader.readContract({ ...token, functionName: 'balanceOf', args: [friend.address] });
console.log(`${friend.address} has ${formatEther(balance)} EXA`);

for (;;) {
  const { number } = await reader.getBlock({ blockTag: 'finalized' });
  if (number >= receipt.blockNumber) break;
  await new Promise((resolve) => setTimeout(resolve, 100));
}
console.log(`block ${receipt.blockNumber} is final`);
