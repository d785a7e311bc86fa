// What programs and libraries that we start are told about reporting home.

/**
 * Since 1.29 onnxruntime's own builds for Linux and macOS send what they run (file and graph names, hashes of weights, times) to Microsoft, unless
 * they are told not to before they are loaded (microsoft/onnxruntime, pull request 27379). Models are private until their owner says
 * otherwise, by a value of his own in the variable.
 */
export const withoutTelemetry = (): { readonly ORT_DISABLE_TELEMETRY: string } => ({
  ORT_DISABLE_TELEMETRY: process.env.ORT_DISABLE_TELEMETRY ?? '1',
});
