/** Every maximum that is this part's own and not the protocol's. Units are last in the names. */
export const limits = {
  /** Addresses and topics whose bits in a bloom are kept: some 200 bytes each, and twice as many at most. */
  bloomEntriesCachedMax: 8_192,
} as const;
