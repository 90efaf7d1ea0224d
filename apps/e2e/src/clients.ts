import {
  createPublicClient,
  createWalletClient,
  defineChain,
  http,
  webSocket,
  type Account,
  type Chain,
  type Hex,
  type HttpTransport,
  type PublicClient,
  type WalletClient,
} from 'viem';
import { mnemonicToAccount, type HDAccount } from 'viem/accounts';

/** Everybody knows it; the devnet's accounts come from it. */
export const devMnemonic = 'test test test test test test test test test test test junk';

/** The funded account m/44'/60'/0'/0/index. */
export function devAccount(index: number): HDAccount {
  return mnemonicToAccount(devMnemonic, { addressIndex: index });
}

/** Its key, for tools that take one. */
export function devPrivateKey(index: number): Hex {
  return `0x${Buffer.from(devAccount(index).getHdKey().privateKey!).toString('hex')}`;
}

/** The devnet as viem knows chains. */
export function devChain(rpcUrl: string): Chain {
  return defineChain({
    id: 74_323,
    name: 'Sheaf devnet',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [rpcUrl], webSocket: [rpcUrl.replace(/^http/, 'ws')] } },
  });
}

export interface Clients {
  chain: Chain;
  reader: PublicClient<HttpTransport, Chain>;
  wallet: (index: number) => WalletClient<HttpTransport, Chain, Account>;
}

const pollingInterval = 50;

export function createClients(rpcUrl: string): Clients {
  const chain = devChain(rpcUrl);
  const transport = http(rpcUrl);
  return {
    chain,
    reader: createPublicClient({ chain, transport, pollingInterval }) as PublicClient<HttpTransport, Chain>,
    wallet: (index) => createWalletClient({ chain, transport, account: devAccount(index), pollingInterval }),
  };
}

export function createSocketClient(rpcUrl: string) {
  return createPublicClient({
    chain: devChain(rpcUrl),
    transport: webSocket(rpcUrl.replace(/^http/, 'ws'), { reconnect: false }),
  });
}

export interface RpcAnswer {
  id: unknown;
  result?: unknown;
  error?: { code: number; message: string; data?: unknown };
}

/** JSON-RPC without a library: for what libraries would not send. */
export function createRawClient(rpcUrl: string) {
  const post = async (body: string): Promise<{ status: number; text: string }> => {
    const response = await fetch(rpcUrl, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    return { status: response.status, text: await response.text() };
  };
  const ask = async (method: string, ...params: unknown[]): Promise<RpcAnswer> =>
    JSON.parse((await post(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }))).text) as RpcAnswer;
  return { post, ask };
}
