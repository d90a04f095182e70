/** Hard limits of a listener's connections before HTTP is read from them; units last. */

/** A first TLS message with the headers of its records: ones of a byte each are legal, for small messages. */
export const clientHelloRecordsBytesMax = 32_768;
