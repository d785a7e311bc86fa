//! The exported world model in onnxruntime through the crate ort: encode observations, predict two actions ahead.
//! Protocol: ../README.md.

use ort::environment::Environment;
use ort::session::{Session, SessionInputValue};
use ort::value::{Tensor, TensorElementType};
use std::collections::BTreeSet;
use std::error::Error;
use std::ffi::CStr;
use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{env, fs, process};

type Outcome<T> = Result<T, Box<dyn Error>>;

const USAGE: &str = "<encoder.onnx> <predictor.onnx> <observations.bin> <actions.bin> <N> <batch size> [<out folder>]";

fn refusal(place: &str, expected: &str, found: impl std::fmt::Display, remedy: &str) -> Box<dyn Error> {
    format!("{place}: expected {expected}, found {found}. {remedy}").into()
}

fn positive(place: &str, text: &str) -> Outcome<usize> {
    match text.parse() {
        Ok(value) if value > 0 => Ok(value),
        _ => Err(refusal(place, "a whole number above 0", format!("\"{text}\""), "Give 1 or more.")),
    }
}

/// Values of rows of one shape, in one of the two types that observations come in.
enum Values {
    Float32(Vec<f32>),
    Uint8(Vec<u8>),
}

struct Rows {
    /// Of one row.
    shape: Vec<usize>,
    values: Values,
}

impl Rows {
    fn tensor(&self, from: usize, to: usize) -> ort::Result<SessionInputValue<'static>> {
        let size: usize = self.shape.iter().product();
        let shape: Vec<usize> = [&[to - from], self.shape.as_slice()].concat();
        let range = from * size..to * size;
        Ok(match &self.values {
            Values::Float32(values) => Tensor::from_array((shape, values[range].to_vec()))?.into(),
            Values::Uint8(values) => Tensor::from_array((shape, values[range].to_vec()))?.into(),
        })
    }

    fn floats(&self) -> &[f32] {
        match &self.values {
            Values::Float32(values) => values,
            Values::Uint8(_) => &[],
        }
    }
}

struct Model {
    path: String,
    session: Session,
    /// Shape of one row and type, an input each.
    inputs: Vec<(Vec<usize>, TensorElementType)>,
    /// The providers that ran nodes, known after the first run.
    providers: Option<BTreeSet<String>>,
}

impl Model {
    /// The first run is profiled into `profiles`: the profile names the provider of every node that ran.
    fn open(environment: &Environment, path: &str, threads: usize, profiles: &Path) -> Outcome<Self> {
        let profile = profiles.join(Path::new(path).file_name().unwrap_or_default());
        let session = Session::builder(environment)?
            .with_intra_threads(threads)?
            .with_inter_threads(1)?
            .with_profiling(profile)?
            .commit_from_file(path)
            .map_err(|error| refusal(path, "a model that onnxruntime loads", format!("this: {error}"), "Export it again."))?;
        let mut inputs = Vec::new();
        for input in session.inputs() {
            let kind = input.dtype().tensor_type();
            let Some(kind @ (TensorElementType::Float32 | TensorElementType::Uint8)) = kind else {
                let place = format!("{path}: input {}", input.name());
                return Err(refusal(&place, "float32 or uint8", input.dtype(), "Export with inputs of these types."));
            };
            let shape = input.dtype().tensor_shape().map(|shape| shape.iter().skip(1).map(|&side| side as usize).collect());
            inputs.push((shape.unwrap_or_default(), kind));
        }
        Ok(Self { path: path.to_owned(), session, inputs, providers: None })
    }

    fn require_inputs(&self, counts: &[usize]) -> Outcome<()> {
        if counts.contains(&self.inputs.len()) {
            return Ok(());
        }
        let expected = counts.iter().map(usize::to_string).collect::<Vec<_>>().join(" or ");
        let remedy = "Name encoder and predictor in this order; an observation is an image, a vector, or an image and a vector.";
        Err(refusal(&self.path, &format!("{expected} inputs"), self.inputs.len(), remedy))
    }

    /// The raw little-endian values of a file that holds `of` rows of each of the inputs from `first` on, in turn.
    fn read_rows(&self, first: usize, path: &str, of: usize) -> Outcome<Vec<Rows>> {
        let inputs = &self.inputs[first..];
        let bytes = fs::read(path).map_err(|error| refusal(path, "a file", error, "Check the path."))?;
        let size_of = |(shape, kind): &(Vec<usize>, TensorElementType)| {
            of * shape.iter().product::<usize>() * if *kind == TensorElementType::Float32 { 4 } else { 1 }
        };
        let expected: usize = inputs.iter().map(size_of).sum();
        if bytes.len() != expected {
            let what = inputs.iter().map(|(shape, kind)| format!("{of} rows of {shape:?} {kind}")).collect::<Vec<_>>().join(", then ");
            let remedy = "Check N, and that the values have the shape and type of the model's inputs.";
            return Err(refusal(path, &format!("{expected} bytes for {what}"), bytes.len(), remedy));
        }
        let mut rest = bytes.as_slice();
        Ok(inputs
            .iter()
            .map(|input| {
                let (own, after) = rest.split_at(size_of(input));
                rest = after;
                let values = if input.1 == TensorElementType::Float32 {
                    Values::Float32(own.as_chunks().0.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect())
                } else {
                    Values::Uint8(own.to_vec())
                };
                Rows { shape: input.0.clone(), values }
            })
            .collect())
    }

    /// Rows `from` to `to` of the inputs, in the model's order, to the rows of its output.
    fn run(&mut self, inputs: &[&Rows], from: usize, to: usize) -> Outcome<Vec<f32>> {
        let feeds = inputs.iter().map(|rows| rows.tensor(from, to)).collect::<ort::Result<Vec<_>>>()?;
        let values = {
            let outputs = self.session.run(feeds.as_slice())?;
            outputs[0].try_extract_tensor::<f32>()?.1.to_vec()
        };
        if self.providers.is_none() {
            let profile = fs::read_to_string(self.session.end_profiling()?)?;
            let names = profile.split("\"provider\" : \"").skip(1).filter_map(|rest| rest.split('"').next());
            self.providers = Some(names.map(str::to_owned).collect());
        }
        Ok(values)
    }

    fn run_batches(&mut self, inputs: &[&Rows], count: usize, batch: usize) -> Outcome<Rows> {
        let mut values = Vec::new();
        for from in (0..count).step_by(batch) {
            values.extend(self.run(inputs, from, (from + batch).min(count))?);
        }
        Ok(Rows { shape: vec![values.len() / count], values: Values::Float32(values) })
    }
}

/// As the library itself tells it: ort has no call for it.
fn library_version(path: &str) -> Outcome<String> {
    let library = unsafe { libloading::Library::new(path)? };
    let version = unsafe {
        let base = library.get::<unsafe extern "C" fn() -> *const ort::sys::OrtApiBase>(b"OrtGetApiBase")?();
        CStr::from_ptr(((*base).GetVersionString)())
    };
    Ok(version.to_str()?.to_owned())
}

fn encode_and_predict(arguments: &[String], profiles: &Path) -> Outcome<()> {
    let (paths, counts, out) = match arguments {
        [encoder, predictor, observations, actions, count, batch, out @ ..] if out.len() < 2 => {
            ([encoder, predictor, observations, actions], (positive("N", count)?, positive("batch size", batch)?), out.first())
        }
        _ => {
            let found = format!("{} of them", arguments.len());
            return Err(refusal("arguments", USAGE, found, "See examples/deploy/README.md."));
        }
    };
    let [encoder_path, predictor_path, observations_path, actions_path] = paths;
    let (count, batch) = counts;
    let threads = positive("JEPA_THREADS", &env::var("JEPA_THREADS").unwrap_or("1".to_owned()))?;

    let library = env::var("ORT_DYLIB_PATH").map_err(|_| {
        refusal("ORT_DYLIB_PATH", "the path of libonnxruntime", "none", "Set it, as the script that build writes does.")
    })?;
    let environment = ort::init_from(&library)?.build()?;
    environment.set_log_level(ort::logging::LogLevel::Fatal);
    let mut encoder = Model::open(&environment, encoder_path, threads, profiles)?;
    let mut predictor = Model::open(&environment, predictor_path, threads, profiles)?;
    encoder.require_inputs(&[1, 2])?;
    predictor.require_inputs(&[2])?;
    let observations = encoder.read_rows(0, observations_path, count)?;
    let observations: Vec<&Rows> = observations.iter().collect();
    let actions = predictor.read_rows(1, actions_path, 2 * count)?.remove(0);
    let (first, second) = actions.floats().split_at(actions.floats().len() / 2);
    let first = Rows { shape: actions.shape.clone(), values: Values::Float32(first.to_vec()) };
    let second = Rows { shape: actions.shape.clone(), values: Values::Float32(second.to_vec()) };

    encoder.run(&observations, 0, batch.min(count))?;
    let begin = Instant::now();
    let latent = encoder.run_batches(&observations, count, batch)?;
    let encode_ms = begin.elapsed().as_secs_f64() * 1000.0;
    let predicted_1 = predictor.run_batches(&[&latent, &first], count, batch)?;
    let predicted_2 = predictor.run_batches(&[&predicted_1, &second], count, batch)?;

    let results = [("latent", &latent), ("predicted_1", &predicted_1), ("predicted_2", &predicted_2)];
    let Some(out) = out else {
        for (name, rows) in results {
            let first_row = &rows.floats()[..rows.shape[0]];
            println!("{name} {}", first_row.iter().map(|value| format!("{value:.4}")).collect::<Vec<_>>().join(" "));
        }
        return Ok(());
    };
    fs::create_dir_all(out)?;
    for (name, rows) in results {
        let bytes: Vec<u8> = rows.floats().iter().flat_map(|value| value.to_le_bytes()).collect();
        fs::write(Path::new(out).join(format!("{name}.bin")), bytes)?;
    }
    let provider = encoder.providers.unwrap_or_default().into_iter().collect::<Vec<_>>().join("+");
    let device = provider.replace("ExecutionProvider", "").to_lowercase();
    let version = library_version(&library)?;
    let description = format!(
        "{{\n  \"runtime\": \"onnxruntime (Rust)\",\n  \"version\": \"onnxruntime {version}\",\n  \"provider\": \"{provider}\",\n  \
         \"device\": \"{device}\",\n  \"precision\": \"float32\",\n  \"threads\": {threads},\n  \"encodeMs\": {encode_ms}\n}}\n"
    );
    fs::write(Path::new(out).join("runtime.json"), description)?;
    Ok(())
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let profiles: PathBuf = env::temp_dir().join(format!("jepa-profile-{}", process::id()));
    let outcome = fs::create_dir(&profiles).map_err(Into::into).and_then(|()| encode_and_predict(&arguments, &profiles));
    let _ = fs::remove_dir_all(&profiles);
    if let Err(error) = outcome {
        eprintln!("{}", error.to_string().split_whitespace().collect::<Vec<_>>().join(" "));
        process::exit(1);
    }
}
