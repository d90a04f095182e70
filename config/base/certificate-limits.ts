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

/** certificateStore: what is inside its files is looked at anew after so long, also where nothing tells of a change. */
export const certificateStoreLookMs = 60_000;
/** New folders in it that are watched for the certificate to come. */
export const certificateFoldersAwaitedMax = 100;
/** After changes in it, names that are served from it are led to their files anew at most so often. */
export const certificateStoreRestMs = 1_000;
