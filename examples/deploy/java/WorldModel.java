import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * The exported world model in onnxruntime: encode observations, predict two actions ahead. Protocol: ../README.md.
 */
public final class WorldModel {
  private static final String USAGE =
      "<encoder.onnx> <predictor.onnx> <observations.bin> <actions.bin> <N> <batch size> [<out folder>]";
  private static final Pattern PROVIDER = Pattern.compile("\"provider\"\\s*:\\s*\"(\\w+)\"");

  private static IllegalArgumentException refusal(String where, String expected, Object found, String remedy) {
    return new IllegalArgumentException(where + ": expected " + expected + ", found " + found + ". " + remedy);
  }

  private static int positive(String where, String text) {
    try {
      int value = Integer.parseInt(text);
      if (value > 0) return value;
    } catch (NumberFormatException error) {
      // refused below
    }
    throw refusal(where, "a whole number above 0", "\"" + text + "\"", "Give 1 or more.");
  }

  /** Little-endian values of rows of one type, with the shape of one row. */
  private record Rows(OnnxJavaType type, long[] shape, ByteBuffer bytes) {
    long size() {
      return Arrays.stream(shape).reduce(1, (product, side) -> product * side);
    }

    long rowBytes() {
      return size() * type.size;
    }

    ByteBuffer slice(long from, long to) {
      return bytes.slice((int) (from * rowBytes()), (int) ((to - from) * rowBytes())).order(ByteOrder.LITTLE_ENDIAN);
    }

    OnnxTensor tensor(OrtEnvironment environment, int from, int to) throws OrtException {
      long[] dims = new long[shape.length + 1];
      dims[0] = to - from;
      System.arraycopy(shape, 0, dims, 1, shape.length);
      ByteBuffer rows = slice(from, to);
      return type == OnnxJavaType.UINT8
          ? OnnxTensor.createTensor(environment, rows, dims, OnnxJavaType.UINT8)
          : OnnxTensor.createTensor(environment, rows.asFloatBuffer(), dims);
    }
  }

  private static final class Model implements AutoCloseable {
    final String path;
    final OrtEnvironment environment;
    final OrtSession session;
    /** In the model's order. */
    final Map<String, TensorInfo> inputs = new LinkedHashMap<>();
    /** The providers that ran nodes, known after the first run. */
    String provider;

    /** The first run is profiled into `profiles`: the profile names the provider of every node that ran. */
    Model(OrtEnvironment environment, String path, int threads, Path profiles) throws OrtException {
      this.path = path;
      this.environment = environment;
      try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
        options.setIntraOpNumThreads(threads);
        options.setInterOpNumThreads(1);
        options.enableProfiling(profiles.resolve(Path.of(path).getFileName()).toString());
        try {
          session = environment.createSession(path, options);
        } catch (OrtException error) {
          throw refusal(path, "a model that onnxruntime loads", "this: " + error.getMessage(), "Export it again.");
        }
      }
      for (var input : session.getInputInfo().entrySet()) {
        TensorInfo info = (TensorInfo) input.getValue().getInfo();
        if (info.type != OnnxJavaType.FLOAT && info.type != OnnxJavaType.UINT8)
          throw refusal(path + ": input " + input.getKey(), "float32 or uint8", info.type, "Export with inputs of these types.");
        inputs.put(input.getKey(), info);
      }
    }

    void requireInputs(int least, int most) {
      if (inputs.size() < least || inputs.size() > most)
        throw refusal(path, (least == most ? "" : least + " or ") + most + " inputs", inputs.size(),
            "Name encoder and predictor in this order; an observation is an image, a vector, or an image and a vector.");
    }

    /** The raw little-endian values of a file that holds `count` rows of each of the inputs from `first` on, in turn. */
    Rows[] readRows(int first, String file, int count) throws IOException {
      byte[] content = Files.readAllBytes(Path.of(file));
      ByteBuffer bytes = ByteBuffer.allocateDirect(content.length).put(content).flip();
      List<Rows> parts = new ArrayList<>();
      List<String> shapes = new ArrayList<>();
      long expected = 0;
      for (TensorInfo info : inputs.values().stream().skip(first).toList()) {
        long[] shape = Arrays.copyOfRange(info.getShape(), 1, info.getShape().length);
        Rows none = new Rows(info.type, shape, ByteBuffer.allocate(0));
        long begin = Math.min(expected, content.length);
        expected += count * none.rowBytes();
        long end = Math.min(expected, content.length);
        parts.add(new Rows(info.type, shape, bytes.slice((int) begin, (int) (end - begin))));
        shapes.add(count + " rows of " + info.type + " " + Arrays.toString(shape));
      }
      if (content.length != expected)
        throw refusal(file, expected + " bytes for " + String.join(", then ", shapes), content.length,
            "Check N, and that the values have the shape and type of the model's inputs.");
      return parts.toArray(Rows[]::new);
    }

    /** Rows `from` to `to` of the inputs, in the model's order, to the rows of its output. */
    FloatBuffer run(int from, int to, Rows... rows) throws OrtException, IOException {
      Map<String, OnnxTensor> feeds = new LinkedHashMap<>();
      for (String name : inputs.keySet()) feeds.put(name, rows[feeds.size()].tensor(environment, from, to));
      try (OrtSession.Result result = session.run(feeds)) {
        if (provider == null) readProvider();
        return ((OnnxTensor) result.get(0)).getFloatBuffer();
      } finally {
        feeds.values().forEach(OnnxTensor::close);
      }
    }

    private void readProvider() throws OrtException, IOException {
      TreeSet<String> names = new TreeSet<>();
      var matcher = PROVIDER.matcher(Files.readString(Path.of(session.endProfiling())));
      while (matcher.find()) names.add(matcher.group(1));
      provider = String.join("+", names);
    }

    Rows runBatches(int count, int batch, Rows... rows) throws OrtException, IOException {
      ByteBuffer bytes = null;
      int size = 0;
      for (int from = 0; from < count; from += batch) {
        int to = Math.min(from + batch, count);
        FloatBuffer values = run(from, to, rows);
        if (bytes == null) {
          size = values.remaining() / (to - from);
          bytes = ByteBuffer.allocateDirect(count * size * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        }
        bytes.asFloatBuffer().position(from * size).put(values);
      }
      return new Rows(OnnxJavaType.FLOAT, new long[] {size}, bytes);
    }

    @Override
    public void close() throws OrtException {
      session.close();
    }
  }

  private static void encodeAndPredict(String[] arguments, Path profiles) throws OrtException, IOException {
    if (arguments.length != 6 && arguments.length != 7)
      throw refusal("arguments", USAGE, arguments.length + " of them", "See examples/deploy/README.md.");
    int count = positive("N", arguments[4]);
    int batch = positive("batch size", arguments[5]);
    int threads = positive("JEPA_THREADS", System.getenv().getOrDefault("JEPA_THREADS", "1"));

    OrtEnvironment environment = OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
    try (Model encoder = new Model(environment, arguments[0], threads, profiles);
        Model predictor = new Model(environment, arguments[1], threads, profiles)) {
      encoder.requireInputs(1, 2);
      predictor.requireInputs(2, 2);
      Rows[] observations = encoder.readRows(0, arguments[2], count);
      Rows actions = predictor.readRows(1, arguments[3], 2 * count)[0];
      Rows first = new Rows(actions.type, actions.shape, actions.slice(0, count));
      Rows second = new Rows(actions.type, actions.shape, actions.slice(count, 2L * count));

      encoder.run(0, Math.min(batch, count), observations);
      long begin = System.nanoTime();
      Rows latent = encoder.runBatches(count, batch, observations);
      double encodeMs = (System.nanoTime() - begin) / 1e6;
      Rows predicted1 = predictor.runBatches(count, batch, latent, first);
      Rows predicted2 = predictor.runBatches(count, batch, predicted1, second);

      Map<String, Rows> results = new LinkedHashMap<>();
      results.put("latent", latent);
      results.put("predicted_1", predicted1);
      results.put("predicted_2", predicted2);
      if (arguments.length == 6) {
        for (var result : results.entrySet()) {
          StringBuilder line = new StringBuilder(result.getKey());
          FloatBuffer values = result.getValue().slice(0, 1).asFloatBuffer();
          while (values.hasRemaining()) line.append(String.format(Locale.ROOT, " %.4f", values.get()));
          System.out.println(line);
        }
        return;
      }
      Path out = Files.createDirectories(Path.of(arguments[6]));
      for (var result : results.entrySet()) {
        byte[] content = new byte[result.getValue().bytes.capacity()];
        result.getValue().bytes.get(0, content);
        Files.write(out.resolve(result.getKey() + ".bin"), content);
      }
      String device = encoder.provider.replace("ExecutionProvider", "").toLowerCase(Locale.ROOT);
      Files.writeString(out.resolve("runtime.json"), String.format(Locale.ROOT,
          "{%n  \"runtime\": \"onnxruntime (Java)\",%n  \"version\": \"onnxruntime %s\",%n  \"provider\": \"%s\",%n  \"device\": \"%s\",%n"
              + "  \"precision\": \"float32\",%n  \"threads\": %d,%n  \"encodeMs\": %f%n}%n",
          environment.getVersion(), encoder.provider, device, threads, encodeMs));
    }
  }

  /** Deletes what onnxruntime left there: it writes profiles as late as when a session closes. */
  private static void delete(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      for (Path file : files.toList()) Files.delete(file);
    }
    Files.delete(folder);
  }

  public static void main(String[] arguments) throws IOException {
    Path profiles = Files.createTempDirectory("jepa-profile-");
    int status = 0;
    try {
      encodeAndPredict(arguments, profiles);
    } catch (OrtException | IOException | RuntimeException error) {
      String kind = error instanceof IOException ? error.getClass().getSimpleName() + ": " : "";
      System.err.println((kind + error.getMessage()).replaceAll("\\s+", " "));
      status = 1;
    }
    delete(profiles);
    System.exit(status);
  }
}
