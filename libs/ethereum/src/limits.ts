/** Every maximum that is this part's own and not the protocol's. Units are last in the names. */
export const limits = {
  /** Addresses, and as many topics, whose bits in a bloom are kept: a power of two, up to 2^16; 26 and 38 bytes each. */
  bloomEntriesCachedMax: 8_192,
} as const;
