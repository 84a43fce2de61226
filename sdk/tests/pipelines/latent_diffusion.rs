//! Text to image by latent diffusion.

use arbius_sdk::inference::rten::Rten;
use arbius_sdk::inference::schedulers::scheduler;
use arbius_sdk::inference::{Blame, InferenceError};
use arbius_sdk::model::pipeline::schedule::{Schedule, SchedulerKind};
use serde_json::{Value as Json, json};

use crate::made::{Model, floats, reference, runtimes, tiny_files};

const FILES: [&str; 5] = [
    "vocab.json",
    "merges.txt",
    "text_encoder.onnx",
    "unet.onnx",
    "vae_decoder.onnx",
];

fn schedule(prediction: &str, spacing: &str) -> Json {
    json!({
        "training_steps": 1000, "beta_start": 0.00085, "beta_end": 0.012,
        "beta_schedule": "scaled_linear", "prediction": prediction, "spacing": spacing,
        "steps_offset": 1,
    })
}

pub(crate) fn model(scheduler: &str, prediction: &str, spacing: &str) -> Model {
    let numbers = reference("latent_diffusion");
    let end = &numbers["end"];
    Model {
        pipeline: json!({
            "kind": "latent_diffusion",
            "tokenizer": {
                "files": {"kind": "clip", "vocabulary": "vocab.json", "merges": "merges.txt"},
                "start": numbers["start"], "end": end, "vocabulary": numbers["vocabulary"],
            },
            "prompt": "prompt", "negative_prompt": "negative_prompt",
            "text_encoder": {
                "graph": "text_encoder.onnx", "tokens": "input_ids",
                "states": "last_hidden_state", "length": 77, "padding": end,
            },
            "unet": {
                "graph": "unet.onnx", "sample": "sample", "timestep": "timestep",
                "states": "encoder_hidden_states", "output": "out_sample", "channels": 4,
            },
            "vae": {
                "graph": "vae_decoder.onnx", "latent": "latent_sample", "image": "sample",
                "factor": 4, "scaling_factor": 0.18215,
            },
            "width": {"variable": "width"}, "height": 16,
            "steps": {"variable": "num_inference_steps"},
            "guidance": {"variable": "guidance_scale"},
            "schedule": schedule(prediction, spacing), "scheduler": scheduler,
            "noise": {"generator": "chacha20_as241", "stream": 0},
            "filename": "out-1.png",
        }),
        inputs: json!([
            {"variable": "prompt", "type": "string", "required": true},
            {"variable": "negative_prompt", "type": "string", "default": ""},
            {"variable": "width", "type": "int_enum", "choices": [16, 18, 32], "default": 16},
            {"variable": "num_inference_steps", "type": "int", "min": 0, "max": 5000, "default": 5},
            {"variable": "guidance_scale", "type": "decimal", "min": -5, "max": 200, "default": 7.5},
            {"variable": "sampler", "type": "string_enum", "choices": ["DDIM", "K_EULER"],
             "default": "DDIM"},
        ]),
        output: ("out-1.png", "image"),
        files: tiny_files(FILES),
    }
}

fn pixels(png: &[u8]) -> Vec<u8> {
    let decoder = png::Decoder::new(std::io::Cursor::new(png));
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    pixels
}

#[test]
fn pictures_are_those_of_the_numpy_implementation_on_every_runtime() {
    for case in reference("latent_diffusion")["cases"].as_array().unwrap() {
        let text = |key: &str| case[key].as_str().unwrap();
        let model = model(text("scheduler"), text("prediction"), text("spacing"));
        let input = json!({
            "prompt": case["prompt"], "negative_prompt": case["negative"],
            "guidance_scale": case["guidance"], "num_inference_steps": case["steps"],
        });
        for runtime in runtimes() {
            let seed = case["seed"].as_u64().unwrap();
            let png = model.solve(runtime.as_ref(), &input, seed).unwrap();
            let found = pixels(&png);
            let expected = floats(&case["picture"]);
            assert_eq!(found.len(), expected.len());
            // Runtimes add up in other orders than numpy; a level may tip over.
            let worst = found.iter().zip(&expected);
            let worst = worst
                .map(|(a, b)| (f64::from(*a) - b).abs())
                .fold(0.0, f64::max);
            assert!(worst <= 1.0, "{}: off by {worst}: {input}", runtime.id());
        }
    }
}

#[test]
fn schedulers_walk_as_the_numpy_implementation_does() {
    let cases = reference("schedulers");
    for case in cases.as_array().unwrap() {
        let text = |key: &str| case[key].as_str().unwrap();
        let mut schedule = schedule(text("prediction"), text("spacing"));
        schedule["clips_sample"] = case["clips_sample"].clone();
        let schedule: Schedule = serde_json::from_value(schedule).unwrap();
        let kind = SchedulerKind::named(text("scheduler")).unwrap();
        let steps = case["steps"].as_u64().unwrap() as u32;
        let walk = scheduler(kind, &schedule, steps);
        let expected = floats(&case["timesteps"]);
        for (found, expected) in walk.timesteps().iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-9, "{found} {expected} {case}");
        }
        assert_eq!(walk.timesteps().len(), expected.len());
        let mut sample: Vec<f32> = floats(&case["start"])
            .iter()
            .map(|x| (f64::from(*x as f32) * walk.initial_scale()) as f32)
            .collect();
        for (step, timestep) in walk.timesteps().iter().enumerate() {
            let predicted: Vec<f32> = walk
                .scaled(step, &sample)
                .iter()
                .map(|x| (f64::from(*x) * 3.0 + timestep / 1000.0).sin() as f32)
                .collect();
            sample = walk.next(step, &sample, &predicted);
        }
        for (found, expected) in sample.iter().zip(floats(&case["last"])) {
            let off = (f64::from(*found) - expected).abs();
            assert!(
                off <= 1e-5 * expected.abs().max(1.0),
                "{found} {expected} {case}"
            );
        }
    }
}

#[test]
fn every_number_of_steps_stays_inside_the_schedule() {
    for spacing in ["leading", "trailing", "linspace"] {
        let schedule: Schedule = serde_json::from_value(schedule("epsilon", spacing)).unwrap();
        for kind in [SchedulerKind::Ddim, SchedulerKind::Euler] {
            for steps in [1, 2, 3, 7, 50, 333, 999, 1000] {
                let walk = scheduler(kind, &schedule, steps);
                assert_eq!(walk.timesteps().len(), steps as usize);
                let all = walk.timesteps().iter();
                assert!(all.clone().all(|step| (0.0..1000.0).contains(step)));
                assert!(all.is_sorted_by(|a, b| a >= b), "{spacing} {steps}");
                let after = walk.next(steps as usize - 1, &[0.5], &[0.1]);
                assert!(after[0].is_finite(), "{spacing} {steps}");
            }
        }
    }
}

#[test]
fn the_seed_and_every_setting_change_the_picture() {
    let model = model("ddim", "epsilon", "leading");
    let plain = json!({"prompt": "a red house"});
    let first = model.solve(&Rten, &plain, 1).unwrap();
    assert_eq!(model.solve(&Rten, &plain, 1).unwrap(), first);
    assert_ne!(model.solve(&Rten, &plain, 2).unwrap(), first);
    for input in [
        json!({"prompt": "a red cat"}),
        json!({"prompt": "a red house", "negative_prompt": "cat"}),
        json!({"prompt": "a red house", "guidance_scale": 3}),
        json!({"prompt": "a red house", "num_inference_steps": 4}),
    ] {
        assert_ne!(model.solve(&Rten, &input, 1).unwrap(), first, "{input}");
    }
}

#[test]
fn a_task_may_choose_the_scheduler() {
    let chooses = model("ddim", "epsilon", "leading")
        .with(|p| p["scheduler"] = json!({"variable": "sampler"}));
    for (choice, name) in [("DDIM", "ddim"), ("K_EULER", "euler")] {
        let input = json!({"prompt": "a cat", "sampler": choice});
        let fixed = model(name, "epsilon", "leading")
            .solve(&Rten, &input, 4)
            .unwrap();
        assert_eq!(chooses.solve(&Rten, &input, 4).unwrap(), fixed);
    }
    let unknown = chooses.inputs.to_string().replace("K_EULER", "KLMS");
    let mut offers = chooses;
    offers.inputs = serde_json::from_str(&unknown).unwrap();
    let error = offers.refusal();
    assert!(
        error.starts_with("pipeline.scheduler") && error.contains("KLMS"),
        "{error}"
    );
}

#[test]
fn inputs_that_the_model_does_not_take_are_refused_and_named() {
    let model = model("ddim", "epsilon", "leading");
    for (field, value) in [
        ("width", 18),
        ("num_inference_steps", 0),
        ("num_inference_steps", 1001),
        ("guidance_scale", 101),
        ("guidance_scale", -1),
    ] {
        let input = json!({"prompt": "x", field: value});
        let error = model.solve(&Rten, &input, 0).unwrap_err();
        assert_eq!(error.blame(), Blame::Input, "{error}");
        assert!(matches!(&error, InferenceError::Refused { field: found, .. } if found == field));
    }
}

#[test]
fn a_picture_of_too_many_latents_is_refused_before_any_is_drawn() {
    let mut large = model("ddim", "epsilon", "leading").with(|p| {
        p["vae"]["factor"] = 1.into();
        p["height"] = 4096.into();
    });
    large.inputs[2]["choices"] = json!([16, 4096]);
    let input = json!({"prompt": "x", "width": 4096});
    let error = large.solve(&Rten, &input, 0).unwrap_err();
    assert!(
        matches!(&error, InferenceError::Refused { field, .. } if field == "width"),
        "{error}"
    );
}

#[test]
fn a_setting_that_is_neither_a_number_nor_a_variable_is_refused_in_words() {
    for (change, words) in [
        (
            (|p| p["steps"] = "five".into()) as fn(&mut Json),
            "a whole number",
        ),
        (|p| p["guidance"] = json!({"name": "x"}), "a number or"),
        (|p| p["scheduler"] = "klms".into(), "ddim or euler"),
    ] {
        let model = model("ddim", "epsilon", "leading").with(change);
        let error = model.bundle(&Rten).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_picture_that_the_graph_does_not_make_is_an_error() {
    let model = model("ddim", "epsilon", "leading");
    for runtime in runtimes() {
        let input = json!({"prompt": "x", "width": 32});
        let error = model.solve(runtime.as_ref(), &input, 0).unwrap_err();
        assert_ne!(error.blame(), Blame::Input, "{error}");
    }
}

#[test]
fn a_description_that_does_not_fit_is_refused_and_the_field_is_named() {
    let model = model("ddim", "epsilon", "leading");
    assert!(model.bundle(&Rten).is_ok());
    for (field, change) in [
        (
            "prompt",
            (|p| p["prompt"] = "width".into()) as fn(&mut Json),
        ),
        ("negative_prompt", |p| p["negative_prompt"] = "none".into()),
        ("tokenizer.files.merges", |p| {
            p["tokenizer"]["files"]["merges"] = "m".into()
        }),
        ("tokenizer.end", |p| p["tokenizer"]["end"] = 100_000.into()),
        ("text_encoder.padding", |p| {
            p["text_encoder"]["padding"] = 100_000.into()
        }),
        ("text_encoder.graph", |p| {
            p["text_encoder"]["graph"] = "t.onnx".into()
        }),
        ("text_encoder.tokens", |p| {
            p["text_encoder"]["tokens"] = "ids".into()
        }),
        ("text_encoder.length", |p| {
            p["text_encoder"]["length"] = 76.into()
        }),
        ("text_encoder.states", |p| {
            p["text_encoder"]["states"] = "pooled".into()
        }),
        ("unet.channels", |p| p["unet"]["channels"] = 0.into()),
        ("unet.sample", |p| p["unet"]["channels"] = 5.into()),
        ("unet.sample", |p| p["unet"]["sample"] = "timestep".into()),
        ("unet.timestep", |p| p["unet"]["timestep"] = "t".into()),
        ("unet.timestep", |p| {
            p["scheduler"] = "euler".into();
            p["schedule"]["spacing"] = "linspace".into();
        }),
        ("unet.states", |p| p["unet"]["states"] = "sample".into()),
        ("vae.factor", |p| p["vae"]["factor"] = 0.into()),
        ("vae.scaling_factor", |p| {
            p["vae"]["scaling_factor"] = 0.into()
        }),
        ("vae.image", |p| p["vae"]["image"] = "picture".into()),
        ("width", |p| p["width"] = json!({"variable": "prompt"})),
        ("height", |p| p["height"] = 100_000.into()),
        ("steps", |p| p["steps"] = 0.into()),
        ("guidance", |p| {
            p["guidance"] = json!({"variable": "sampler"})
        }),
        ("schedule.training_steps", |p| {
            p["schedule"]["training_steps"] = 0.into()
        }),
        ("schedule.beta_start", |p| {
            p["schedule"]["beta_start"] = 0.into()
        }),
        ("schedule.steps_offset", |p| {
            p["schedule"]["steps_offset"] = 1000.into()
        }),
        ("scheduler", |p| {
            p["scheduler"] = json!({"variable": "prompt"})
        }),
        ("filename", |p| p["filename"] = "out-2.png".into()),
    ] {
        let error = model.clone().with(change).refusal();
        assert!(
            error.starts_with(&format!("pipeline.{field}: ")),
            "{field}: {error}"
        );
    }
}
