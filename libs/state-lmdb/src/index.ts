export { openLmdb, type LmdbKeyValue, type LmdbOptions } from './lmdb-key-value.ts';
