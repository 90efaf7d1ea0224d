export { emptyCodeHash, emptyStorageHash, type Account } from './read-account.ts';
export { verifyAccountProof, type AccountQuery, type ProvenAccount } from './verify-account-proof.ts';
