// Keeps the library's greeting off stderr. TensorFlow 2.21 announces oneDNN while it is being loaded, before it has read
// TF_CPP_MIN_LOG_LEVEL, so the only thing that helps is to turn file descriptor 2 away meanwhile, which Node cannot do.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** An addon of two functions: `silence` points descriptor 2 at /dev/null, `restore` points it back. */
export const silencerSource = `
#include <fcntl.h>
#include <node_api.h>
#include <unistd.h>

static int saved = -1;

static napi_value Silence(napi_env env, napi_callback_info info) {
  if (saved >= 0) return nullptr;
  int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere < 0) return nullptr;
  saved = fcntl(2, F_DUPFD_CLOEXEC, 3);
  if (saved >= 0) dup2(nowhere, 2);
  close(nowhere);
  return nullptr;
}

static napi_value Restore(napi_env env, napi_callback_info info) {
  if (saved < 0) return nullptr;
  dup2(saved, 2);
  close(saved);
  saved = -1;
  return nullptr;
}

NAPI_MODULE_INIT() {
  napi_value silence;
  napi_value restore;
  napi_create_function(env, "silence", NAPI_AUTO_LENGTH, Silence, nullptr, &silence);
  napi_create_function(env, "restore", NAPI_AUTO_LENGTH, Restore, nullptr, &restore);
  napi_set_named_property(env, exports, "silence", silence);
  napi_set_named_property(env, exports, "restore", restore);
  return exports;
}
`;

interface Silencer {
  silence(): void;
  restore(): void;
}

/** Runs `work` with nothing written to stderr; where there is no silencer, or the user asked for TensorFlow's log, as it is. */
export function withoutStderr<Result>(silencerPath: string | undefined, work: () => Result): Result {
  const level = process.env.TF_CPP_MIN_LOG_LEVEL;
  if (silencerPath === undefined || level === '0') return work();
  const silencer: Silencer = require(silencerPath);
  silencer.silence();
  try {
    return work();
  } finally {
    silencer.restore();
  }
}
