// The exported world model in onnxruntime through yalue/onnxruntime_go: encode observations, predict two actions ahead.
// Protocol: ../README.md.
package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	ort "github.com/yalue/onnxruntime_go"
)

const usage = "<encoder.onnx> <predictor.onnx> <observations.bin> <actions.bin> <N> <batch size> [<out folder>]"

// refuse gives the error of something that is not as the protocol says.
func refuse(where, expected string, found any, remedy string) error {
	return fmt.Errorf("%s: expected %s, found %v. %s", where, expected, found, remedy)
}

func positive(where, text string) (int, error) {
	value, err := strconv.Atoi(text)
	if err != nil || value < 1 {
		return 0, refuse(where, "a whole number above 0", strconv.Quote(text), "Give 1 or more.")
	}
	return value, nil
}

// rows are values of one type, with the shape of one row.
type rows struct {
	kind   ort.TensorElementDataType
	shape  []int64
	floats []float32
	bytes  []uint8
}

func (r rows) tensor(from, to int) (ort.Value, error) {
	shape := ort.NewShape(append([]int64{int64(to - from)}, r.shape...)...)
	size := int(ort.NewShape(r.shape...).FlattenedSize())
	if r.kind == ort.TensorElementDataTypeUint8 {
		return ort.NewTensor(shape, r.bytes[from*size:to*size])
	}
	return ort.NewTensor(shape, r.floats[from*size:to*size])
}

// readRows reads the raw little-endian values of a file that holds `count` rows of each port in turn.
func readRows(path string, count int, ports []ort.InputOutputInfo) ([]rows, error) {
	result, sizes, shapes, expected := make([]rows, len(ports)), make([]int, len(ports)), make([]string, len(ports)), 0
	for i, port := range ports {
		result[i] = rows{kind: port.DataType, shape: port.Dimensions[1:]}
		sizes[i] = count * int(ort.NewShape(result[i].shape...).FlattenedSize())
		if port.DataType != ort.TensorElementDataTypeUint8 {
			sizes[i] *= 4
		}
		shapes[i] = fmt.Sprintf("%d rows of shape %v", count, result[i].shape)
		expected += sizes[i]
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, refuse(path, "a file", err, "Check the path.")
	}
	if len(content) != expected {
		what := fmt.Sprintf("%d bytes for %s", expected, strings.Join(shapes, ", then "))
		return nil, refuse(path, what, len(content), "Check N, and that the values have the shape and type of the model's inputs.")
	}
	for i, size := range sizes {
		own := content[:size]
		content = content[size:]
		if result[i].kind == ort.TensorElementDataTypeUint8 {
			result[i].bytes = own
			continue
		}
		result[i].floats = make([]float32, size/4)
		if err := binary.Read(bytes.NewReader(own), binary.LittleEndian, result[i].floats); err != nil {
			return nil, err
		}
	}
	return result, nil
}

type model struct {
	path    string
	inputs  []ort.InputOutputInfo
	session *ort.DynamicAdvancedSession
}

// openModel opens a session; profile is the prefix of a file that onnxruntime writes when it ends, or empty.
func openModel(path string, threads int, profile string) (*model, error) {
	inputs, outputs, err := ort.GetInputOutputInfo(path)
	if err != nil {
		return nil, refuse(path, "a model that onnxruntime loads", err, "Export it again.")
	}
	names := func(ports []ort.InputOutputInfo) (result []string) {
		for _, port := range ports {
			result = append(result, port.Name)
		}
		return result
	}
	for _, port := range inputs {
		if port.DataType != ort.TensorElementDataTypeFloat && port.DataType != ort.TensorElementDataTypeUint8 {
			return nil, refuse(path+": input "+port.Name, "float32 or uint8", port.DataType, "Export with inputs of these types.")
		}
	}
	options, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	defer options.Destroy()
	if err := options.SetIntraOpNumThreads(threads); err != nil {
		return nil, err
	}
	if err := options.SetInterOpNumThreads(1); err != nil {
		return nil, err
	}
	if profile != "" {
		if err := options.EnableProfiling(profile); err != nil {
			return nil, err
		}
	}
	session, err := ort.NewDynamicAdvancedSession(path, names(inputs), names(outputs[:1]), options)
	if err != nil {
		return nil, refuse(path, "a model that onnxruntime runs", err, "Export it again.")
	}
	return &model{path, inputs, session}, nil
}

// run gives the output for rows `from` to `to` of the inputs, which are in the model's order.
func (m *model) run(inputs []rows, from, to int) ([]float32, error) {
	feeds := make([]ort.Value, len(inputs))
	for i, input := range inputs {
		tensor, err := input.tensor(from, to)
		if err != nil {
			return nil, err
		}
		defer tensor.Destroy()
		feeds[i] = tensor
	}
	outputs := []ort.Value{nil}
	if err := m.session.Run(feeds, outputs); err != nil {
		return nil, err
	}
	defer outputs[0].Destroy()
	output, ok := outputs[0].(*ort.Tensor[float32])
	if !ok {
		return nil, refuse(m.path+": output", "float32", fmt.Sprintf("%T", outputs[0]), "Export with float32 outputs.")
	}
	return slices.Clone(output.GetData()), nil
}

func (m *model) runBatches(inputs []rows, count, batch int) (rows, error) {
	result := rows{kind: ort.TensorElementDataTypeFloat}
	for from := 0; from < count; from += batch {
		values, err := m.run(inputs, from, min(from+batch, count))
		if err != nil {
			return result, err
		}
		result.floats = append(result.floats, values...)
	}
	result.shape = []int64{int64(len(result.floats) / count)}
	return result, nil
}

var providerOf = regexp.MustCompile(`"provider"\s*:\s*"(\w+)"`)

// readProviders names the providers that ran the nodes, from the profile of a session of its own: the binding cannot end a
// profile while its session is open.
func readProviders(path string, threads int, observations []rows) (string, error) {
	folder, err := os.MkdirTemp("", "jepa-profile-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(folder)
	profiled, err := openModel(path, threads, filepath.Join(folder, "profile"))
	if err != nil {
		return "", err
	}
	_, err = profiled.run(observations, 0, 1)
	profiled.session.Destroy()
	if err != nil {
		return "", err
	}
	files, _ := filepath.Glob(filepath.Join(folder, "*"))
	if len(files) != 1 {
		return "", refuse(folder, "one profile", len(files), "Make the folder for temporary files writable.")
	}
	content, err := os.ReadFile(files[0])
	var names []string
	for _, match := range providerOf.FindAllSubmatch(content, -1) {
		names = append(names, string(match[1]))
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), "+"), err
}

type description struct {
	Runtime   string  `json:"runtime"`
	Version   string  `json:"version"`
	Provider  string  `json:"provider"`
	Device    string  `json:"device"`
	Precision string  `json:"precision"`
	Threads   int     `json:"threads"`
	EncodeMs  float64 `json:"encodeMs"`
}

func encodeAndPredict(arguments []string) error {
	if len(arguments) != 6 && len(arguments) != 7 {
		return refuse("arguments", usage, fmt.Sprintf("%d of them", len(arguments)), "See examples/deploy/README.md.")
	}
	count, err := positive("N", arguments[4])
	if err != nil {
		return err
	}
	batch, err := positive("batch size", arguments[5])
	if err != nil {
		return err
	}
	threads := 1
	if text, isSet := os.LookupEnv("JEPA_THREADS"); isSet {
		if threads, err = positive("JEPA_THREADS", text); err != nil {
			return err
		}
	}

	ort.SetSharedLibraryPath(os.Getenv("ONNXRUNTIME_LIBRARY"))
	if err := ort.InitializeEnvironment(ort.WithLogLevelFatal()); err != nil {
		return refuse("ONNXRUNTIME_LIBRARY", "the path of libonnxruntime", err, "Set it, as the script that build writes does.")
	}
	defer ort.DestroyEnvironment()
	encoder, err := openModel(arguments[0], threads, "")
	if err != nil {
		return err
	}
	defer encoder.session.Destroy()
	predictor, err := openModel(arguments[1], threads, "")
	if err != nil {
		return err
	}
	defer predictor.session.Destroy()
	const remedy = "Name encoder and predictor in this order; an observation is an image, a vector, or an image and a vector."
	if len(encoder.inputs) > 2 {
		return refuse(arguments[0], "1 or 2 inputs", len(encoder.inputs), remedy)
	}
	if len(predictor.inputs) != 2 {
		return refuse(arguments[1], "2 inputs", len(predictor.inputs), remedy)
	}
	observations, err := readRows(arguments[2], count, encoder.inputs)
	if err != nil {
		return err
	}
	actions, err := readRows(arguments[3], 2*count, predictor.inputs[1:])
	if err != nil {
		return err
	}
	first, second := actions[0], actions[0]
	half := len(first.floats) / 2
	first.floats, second.floats = first.floats[:half], second.floats[half:]

	if _, err := encoder.run(observations, 0, min(batch, count)); err != nil {
		return err
	}
	begin := time.Now()
	latent, err := encoder.runBatches(observations, count, batch)
	if err != nil {
		return err
	}
	encodeMs := float64(time.Since(begin).Nanoseconds()) / 1e6
	predicted1, err := predictor.runBatches([]rows{latent, first}, count, batch)
	if err != nil {
		return err
	}
	predicted2, err := predictor.runBatches([]rows{predicted1, second}, count, batch)
	if err != nil {
		return err
	}

	names, results := []string{"latent", "predicted_1", "predicted_2"}, []rows{latent, predicted1, predicted2}
	if len(arguments) == 6 {
		for i, name := range names {
			fmt.Print(name)
			for _, value := range results[i].floats[:results[i].shape[0]] {
				fmt.Printf(" %.4f", value)
			}
			fmt.Println()
		}
		return nil
	}
	out := arguments[6]
	if err := os.MkdirAll(out, 0o777); err != nil {
		return err
	}
	for i, name := range names {
		var content bytes.Buffer
		if err := binary.Write(&content, binary.LittleEndian, results[i].floats); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(out, name+".bin"), content.Bytes(), 0o666); err != nil {
			return err
		}
	}
	provider, err := readProviders(arguments[0], threads, observations)
	if err != nil {
		return err
	}
	device := strings.ToLower(strings.ReplaceAll(provider, "ExecutionProvider", ""))
	text, err := json.MarshalIndent(
		description{"onnxruntime (Go)", "onnxruntime " + ort.GetVersion(), provider, device, "float32", threads, encodeMs}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "runtime.json"), append(text, '\n'), 0o666)
}

func main() {
	if err := encodeAndPredict(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, strings.Join(strings.Fields(err.Error()), " "))
		os.Exit(1)
	}
}
