/** Hard limits of what is kept about names that clients ask certificates for; units last. */

/** Names without a certificate that one listener remembers, apart from the certificates: the oldest goes first. */
export const missingCertificatesMax = 1_000;

/**
 * ACME: a name that a client brought is given up after so many failures in a row; whoever asks for it within the rest
 * gets nothing, and no order is begun. So many such names are remembered, the oldest goes first.
 */
export const acmeOnDemandFailuresMax = 3;
export const acmeGivenUpRestMs = 21_600_000;
export const acmeGivenUpMax = 1_000;
