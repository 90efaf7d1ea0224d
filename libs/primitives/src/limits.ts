/**
 * Every maximum of the chain that is not a service's own setting, in one place. Overflow is an error, never silence.
 * Units are last in the names.
 */
export const limits = {
  /** A signed transaction's encoding. geth's transaction pool uses the same bound (4 slots of 32 KiB). */
  transactionBytesMax: 131_072,
  /** EIP-7825: the gas limit of one transaction. */
  transactionGasMax: 16_777_216n,
  /** Transactions in one payload. */
  payloadTransactionsMax: 10_000,
  /** The RLP encoding of one payload, its transactions included. Within one gRPC message. */
  payloadBytesMax: 2_097_152,
  /** Transactions in one SubmitTransactions request. */
  submitBatchMax: 500,
  /** A gRPC message in either direction. */
  grpcMessageBytesMax: 16_777_216,
  /** A NATS message; larger payloads go by reference. NATS's own default. */
  busMessageBytesMax: 1_048_576,
  /** Deposits in one payload (EIP-4895 withdrawals). */
  payloadDepositsMax: 16,
  /** Blobs in one batch. */
  batchBlobsMax: 32,
  /** Payloads in one batch. */
  batchPayloadsMax: 256,
  /** Cells in one GetCells request: one blob's columns. */
  cellsPerRequestMax: 128,
  /** Nodes of the data-availability committee: the certificate's bitmap. */
  daNodesMax: 128,
  /** Validators of the genesis set: the attestation bitmap. */
  validatorsMax: 1_024,
  /** Trie nodes and codes in one witness. */
  witnessBytesMax: 16_777_216,
  /** JSON of one trace, of a transaction or of a whole block. */
  traceBytesMax: 33_554_432,
  /** A page of any list answer. */
  pageItemsMax: 1_000,
  /** Gas of one eth_call or estimate. */
  callGasMax: 50_000_000n,
  /** Requests in one JSON-RPC batch. */
  jsonRpcBatchMax: 100,
  /** One JSON-RPC HTTP body. A maximal transaction is 256 KiB of hex. */
  jsonRpcBodyBytesMax: 5_242_880,
  /** Blocks spanned by one eth_getLogs. */
  logsBlockSpanMax: 10_000n,
  /** Logs answered by one eth_getLogs. */
  logsResultMax: 10_000,
} as const;
