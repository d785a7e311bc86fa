// The exported world model in onnxruntime's C API: encode observations, predict two actions ahead. Protocol: ../README.md.
#define _POSIX_C_SOURCE 200809L
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include "onnxruntime_c_api.h"

static const OrtApi *ort;
static OrtAllocator *allocator;
static OrtMemoryInfo *memory;

// where: expected, found, remedy; the message in one line
static void refuse(const char *format, ...) {
  char text[4096];
  va_list values;
  va_start(values, format);
  vsnprintf(text, sizeof text, format, values);
  va_end(values);
  for (char *c = text; *c; c++)
    if (*c == '\n') *c = ' ';
  fprintf(stderr, "%s\n", text);
  exit(1);
}

static void check(const char *where, OrtStatus *status) {
  if (status) refuse("%s: expected onnxruntime to take it, found: %s. Export it again.", where, ort->GetErrorMessage(status));
}

static size_t positive(const char *where, const char *text) {
  char *end;
  long value = strtol(text, &end, 10);
  if (*end || value < 1) refuse("%s: expected a whole number above 0, found \"%s\". Give 1 or more.", where, text);
  return (size_t)value;
}

// One input of a model; `row` is the number of values of one row.
typedef struct {
  char *name;
  ONNXTensorElementDataType type;
  int64_t shape[8];
  size_t rank, row, value_bytes;
} Port;

typedef struct {
  const char *path;
  OrtSession *session;
  Port inputs[2];
  size_t input_count;
  char *output;
} Model;

static void open_model(Model *model, OrtEnv *env, const char *path, int threads, size_t least, size_t most) {
  OrtSessionOptions *options;
  memset(model, 0, sizeof *model);
  model->path = path;
  check("session options", ort->CreateSessionOptions(&options));
  check("JEPA_THREADS", ort->SetIntraOpNumThreads(options, threads));
  check("session options", ort->SetInterOpNumThreads(options, 1));
  check("session options", ort->AddSessionConfigEntry(options, "session.record_ep_graph_assignment_info", "1"));
  check(path, ort->CreateSession(env, path, options, &model->session));
  ort->ReleaseSessionOptions(options);

  check(path, ort->SessionGetInputCount(model->session, &model->input_count));
  if (model->input_count < least || model->input_count > most)
    refuse("%s: expected %s inputs, found %zu. Name encoder and predictor in this order; an observation is an image, a vector, or "
           "an image and a vector.", path, least == most ? "2" : "1 or 2", model->input_count);
  for (size_t i = 0; i < model->input_count; i++) {
    Port *port = &model->inputs[i];
    OrtTypeInfo *info;
    const OrtTensorTypeAndShapeInfo *tensor;
    check(path, ort->SessionGetInputName(model->session, i, allocator, &port->name));
    check(path, ort->SessionGetInputTypeInfo(model->session, i, &info));
    check(path, ort->CastTypeInfoToTensorInfo(info, &tensor));
    check(path, ort->GetTensorElementType(tensor, &port->type));
    check(path, ort->GetDimensionsCount(tensor, &port->rank));
    if (port->rank > 8) refuse("%s: expected rank 8 at most, found %zu. Export it again.", path, port->rank);
    check(path, ort->GetDimensions(tensor, port->shape, port->rank));
    if (port->type != ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT && port->type != ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8)
      refuse("%s: input %s: expected float32 or uint8, found type %d of ONNX. Export with inputs of these types.", path,
             port->name, (int)port->type);
    port->value_bytes = port->type == ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8 ? 1 : 4;
    port->row = 1;
    for (size_t axis = 1; axis < port->rank; axis++) port->row *= (size_t)port->shape[axis];
    ort->ReleaseTypeInfo(info);
  }
  check(path, ort->SessionGetOutputName(model->session, 0, allocator, &model->output));
}

// The providers that got nodes of the model, each once, joined by +.
static void read_provider(const Model *model, char *provider, size_t size) {
  const OrtEpAssignedSubgraph *const *subgraphs;
  size_t count, length = 0;
  check(model->path, ort->Session_GetEpGraphAssignmentInfo(model->session, &subgraphs, &count));
  *provider = 0;
  for (size_t i = 0; i < count; i++) {
    const char *name;
    check(model->path, ort->EpAssignedSubgraph_GetEpName(subgraphs[i], &name));
    if (!strstr(provider, name) && length < size)
      length += (size_t)snprintf(provider + length, size - length, "%s%s", length ? "+" : "", name);
  }
}

// Rows `from` to `to` of the inputs: the output, its values, and the number of values a row in `row`. Release the output.
static OrtValue *run(Model *model, void *const inputs[], size_t from, size_t to, float **values, size_t *row) {
  OrtValue *feeds[2] = {NULL, NULL}, *output = NULL;
  const char *names[2] = {model->inputs[0].name, model->inputs[1].name};
  for (size_t i = 0; i < model->input_count; i++) {
    Port *port = &model->inputs[i];
    size_t row_bytes = port->row * port->value_bytes;
    port->shape[0] = (int64_t)(to - from);
    check(model->path, ort->CreateTensorWithDataAsOrtValue(memory, (char *)inputs[i] + from * row_bytes, (to - from) * row_bytes,
                                                           port->shape, port->rank, port->type, &feeds[i]));
  }
  check(model->path, ort->Run(model->session, NULL, names, (const OrtValue *const *)feeds, model->input_count,
                              (const char *const *)&model->output, 1, &output));
  for (size_t i = 0; i < model->input_count; i++) ort->ReleaseValue(feeds[i]);

  OrtTensorTypeAndShapeInfo *info;
  ONNXTensorElementDataType type;
  size_t count;
  check(model->path, ort->GetTensorTypeAndShape(output, &info));
  check(model->path, ort->GetTensorElementType(info, &type));
  check(model->path, ort->GetTensorShapeElementCount(info, &count));
  ort->ReleaseTensorTypeAndShapeInfo(info);
  if (type != ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT)
    refuse("%s: output %s: expected float32, found type %d of ONNX. Export with float32 outputs.", model->path, model->output, (int)type);
  check(model->path, ort->GetTensorMutableData(output, (void **)values));
  *row = count / (to - from);
  return output;
}

// All rows in batches; *row becomes the number of values of an output row. The result is the caller's.
static float *run_batches(Model *model, void *const inputs[], size_t count, size_t batch, size_t *row) {
  float *rows = NULL, *values;
  for (size_t from = 0; from < count; from += batch) {
    size_t to = from + batch < count ? from + batch : count;
    OrtValue *output = run(model, inputs, from, to, &values, row);
    if (!rows) rows = malloc(count * *row * sizeof *rows);
    if (!rows) refuse("%s: expected memory for %zu rows, found none. Give a smaller N.", model->path, count);
    memcpy(rows + from * *row, values, (to - from) * *row * sizeof *rows);
    ort->ReleaseValue(output);
  }
  return rows;
}

// The raw little-endian values of a file that holds `rows` rows of each of `count` ports in turn; values[i] becomes those of port i.
static void read_rows(const char *path, size_t rows, const Port *ports, size_t count, void *values[]) {
  size_t expected = 0;
  for (size_t i = 0; i < count; i++) expected += rows * ports[i].row * ports[i].value_bytes;
  struct stat status;
  FILE *file = fopen(path, "rb");
  if (!file || fstat(fileno(file), &status)) refuse("%s: expected a file, found: %s. Check the path.", path, strerror(errno));
  if ((size_t)status.st_size != expected)
    refuse("%s: expected %zu bytes for %zu rows of %zu values%s, found %lld. Check N, and that the values have the shape and type of "
           "the model's inputs.", path, expected, rows, ports[0].row, count > 1 ? " and of its other input" : "", (long long)status.st_size);
  for (size_t i = 0; i < count; i++) {
    size_t size = rows * ports[i].row * ports[i].value_bytes;
    values[i] = malloc(size);
    if (!values[i] || fread(values[i], 1, size, file) != size)
      refuse("%s: expected to read %zu bytes, found: %s. Check the file.", path, size, strerror(errno));
  }
  fclose(file);
}

static FILE *create(const char *folder, const char *name) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "wb");
  if (!file) refuse("%s: expected to write it, found: %s. Choose another folder.", path, strerror(errno));
  return file;
}

int main(int argc, char **argv) {
  if (argc != 7 && argc != 8)
    refuse("arguments: expected <encoder.onnx> <predictor.onnx> <observations.bin> <actions.bin> <N> <batch size> [<out folder>], "
           "found %d of them. See examples/deploy/README.md.", argc - 1);
  size_t count = positive("N", argv[5]), batch = positive("batch size", argv[6]);
  const char *threads_text = getenv("JEPA_THREADS");
  size_t threads = positive("JEPA_THREADS", threads_text ? threads_text : "1");

  OrtEnv *env;
  const char *version = OrtGetApiBase()->GetVersionString();
  ort = OrtGetApiBase()->GetApi(ORT_API_VERSION);
  if (!ort) refuse("libonnxruntime: expected 1.%d or newer, found %s. Update it.", ORT_API_VERSION, version);
  check("environment", ort->CreateEnv(ORT_LOGGING_LEVEL_FATAL, "jepa", &env));
  check("environment", ort->GetAllocatorWithDefaultOptions(&allocator));
  check("environment", ort->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &memory));

  Model encoder, predictor;
  open_model(&encoder, env, argv[1], (int)threads, 1, 2);
  open_model(&predictor, env, argv[2], (int)threads, 2, 2);
  void *observations[2], *both_actions[1];
  read_rows(argv[3], count, encoder.inputs, encoder.input_count, observations);
  const Port *action = &predictor.inputs[1];
  read_rows(argv[4], 2 * count, action, 1, both_actions);
  char *actions = both_actions[0];
  char *second_actions = actions + count * action->row * action->value_bytes;

  size_t size, warm = batch < count ? batch : count;
  float *values;
  ort->ReleaseValue(run(&encoder, observations, 0, warm, &values, &size));
  struct timespec begin, end;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  float *latent = run_batches(&encoder, observations, count, batch, &size);
  clock_gettime(CLOCK_MONOTONIC, &end);
  double encode_ms = (double)(end.tv_sec - begin.tv_sec) * 1e3 + (double)(end.tv_nsec - begin.tv_nsec) / 1e6;
  float *predicted_1 = run_batches(&predictor, (void *[]){latent, actions}, count, batch, &size);
  float *predicted_2 = run_batches(&predictor, (void *[]){predicted_1, second_actions}, count, batch, &size);

  const char *names[] = {"latent", "predicted_1", "predicted_2"};
  float *results[] = {latent, predicted_1, predicted_2};
  const char *out = argc == 8 ? argv[7] : NULL;
  if (out && mkdir(out, 0777) && errno != EEXIST) refuse("%s: expected a folder, found: %s. Choose another.", out, strerror(errno));
  for (int i = 0; i < 3; i++) {
    if (!out) {
      printf("%s", names[i]);
      for (size_t j = 0; j < size; j++) printf(" %.4f", results[i][j]);
      printf("\n");
      continue;
    }
    char name[32];
    snprintf(name, sizeof name, "%s.bin", names[i]);
    FILE *file = create(out, name);
    if (fwrite(results[i], sizeof(float) * size, count, file) != count || fclose(file))
      refuse("%s/%s: expected to write %zu rows, found: %s. Make room.", out, name, count, strerror(errno));
  }
  if (out) {
    char provider[256], device[256] = "";
    read_provider(&encoder, provider, sizeof provider);
    // CPUExecutionProvider computes on the cpu, and so on.
    for (size_t i = 0; provider[i] && strncmp(provider + i, "Exec", 4); i++) device[i] = (char)tolower(provider[i]);
    FILE *file = create(out, "runtime.json");
    fprintf(file, "{\n  \"runtime\": \"onnxruntime (C)\",\n  \"version\": \"onnxruntime %s\",\n  \"provider\": \"%s\",\n  \"device\": \"%s\",\n"
            "  \"precision\": \"float32\",\n  \"threads\": %zu,\n  \"encodeMs\": %f\n}\n",
            version, provider, device, threads, encode_ms);
    if (fclose(file)) refuse("%s/runtime.json: expected to write it, found: %s. Make room.", out, strerror(errno));
  }
  ort->ReleaseSession(encoder.session);
  ort->ReleaseSession(predictor.session);
  ort->ReleaseEnv(env);
  return 0;
}
