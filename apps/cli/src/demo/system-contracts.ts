import type { Hex } from '@sheaf/primitives';

/** Contracts that forks put at fixed addresses, with keccak256 of the code that their EIPs publish. */
const systemContracts = {
  /** EIP-4788: beacon block roots. */
  beaconRoots: [
    '0x000f3df6d732807ef1319fb7b8bb8522d0beac02',
    '0xf57acd40259872606d76197ef052f3d35588dadf919ee1f0e3cb9b62d3f4b02c',
  ],
  /** EIP-2935: block hashes. */
  history: [
    '0x0000f90827f1c53a10cb7a02335b175320002935',
    '0x6e49e66782037c0555897870e29fa5e552daf4719552131a0abce779daec0a5d',
  ],
  /** EIP-7002: withdrawal requests. */
  withdrawals: [
    '0x00000961ef480eb55e80d19ad83579a64c007002',
    '0x0345a365d2f4c5975b9f1599abe0a2ee76b7a3a731bc68781bd04c84e4858f50',
  ],
  /** EIP-7251: consolidation requests. */
  consolidations: [
    '0x0000bbddc7ce488642fb579f8b00f3a590007251',
    '0x78c6cb5202685228bbcbfb992b1c4e116c7ec5ef11e25b8e92716cfc628ddd60',
  ],
} satisfies Record<string, [Hex, Hex]>;

/** Address and code hash of every system contract of a fork. */
export function systemContractCodeHashes(fork: string): [Hex, Hex][] {
  const { beaconRoots, ...sincePrague } = systemContracts;
  const list = fork === 'cancun' ? [beaconRoots] : [beaconRoots, ...Object.values(sincePrague)];
  return list as [Hex, Hex][];
}
