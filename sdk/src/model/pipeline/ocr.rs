//! Reading text in pictures: a detector finds lines, a recogniser reads each, as the models
//! of PaddleOCR do it.

use serde::{Deserialize, Serialize};

use super::description::{Description, FileReference, Parts};
use super::picture::Normalization;
use crate::model::BundleError;
use crate::model::onnx::ElementType::Float32;
use crate::model::template::OutputKind;

/// Reading text in pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ocr {
    /// The template's variable with the picture, a PNG or JPEG.
    pub picture: String,
    /// A picture whose longer side has more pixels is made smaller first.
    pub longer_side: u32,
    /// How levels become floats, for all graphs.
    pub normalization: Normalization,
    /// The graph that finds lines.
    pub detector: Detector,
    /// The graph that says which lines are upside down, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orientation: Option<Orientation>,
    /// The graph that reads a line.
    pub recognizer: Recognizer,
    /// The template's output that the text is written to, a `text`: `{"lines": [{"box": […],
    /// "score": …, "text": …}, …]}` as canonical JSON, from top to bottom. Boxes are the
    /// corners from the upper left on, clockwise, in pixels; scores to the millionth.
    pub filename: String,
}

/// The graph that finds lines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detector {
    /// The bundle's file.
    pub graph: String,
    /// Its input: float32, `[1, 3, height, width]`, sides that are multiples of 32.
    pub tensor: String,
    /// Its output: float32, `[1, 1, height, width]`, the probability that a pixel is of text.
    pub map: String,
    /// A picture whose shorter side has fewer pixels is made larger.
    pub shorter_side: u32,
    /// Above this a pixel belongs to a text.
    pub threshold: f64,
    /// A line whose pixels' mean is below this is none.
    pub box_threshold: f64,
    /// How much the rectangles around lines are enlarged: by `area · unclip / circumference`.
    pub unclip: f64,
    /// Whether regions first grow by a pixel to the right and down.
    pub dilate: bool,
}

/// The graph that says which lines are upside down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Orientation {
    /// The bundle's file.
    pub graph: String,
    /// Its input: float32, `[1, 3, height, width]`.
    pub tensor: String,
    /// Its output: float32, `[1, 2]`, the probabilities of upright and upside down.
    pub scores: String,
    /// Rows of the input.
    pub height: u32,
    /// Pixels in a row of the input; lines that are shorter are filled up.
    pub width: u32,
    /// Above this a line is turned.
    pub threshold: f64,
}

/// The graph that reads a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recognizer {
    /// The bundle's file.
    pub graph: String,
    /// Its input: float32, `[1, 3, height, width]`.
    pub tensor: String,
    /// Its output: float32, `[1, steps, 1 + characters + 1]`: probabilities of nothing, each
    /// character and the space.
    pub scores: String,
    /// Rows of the input.
    pub height: u32,
    /// The least pixels in a row of the input; lines that are shorter are filled up.
    pub width: u32,
    /// The bundle's file with the characters, a JSON list of texts.
    pub characters: String,
    /// A line whose mean probability is below this is left out.
    pub threshold: f64,
}

impl Description for Ocr {
    fn files(&self) -> Vec<FileReference<'_>> {
        let mut files = vec![
            FileReference::graph("detector.graph", &self.detector.graph),
            FileReference::graph("recognizer.graph", &self.recognizer.graph),
            FileReference::asset("recognizer.characters", &self.recognizer.characters),
        ];
        if let Some(orientation) = &self.orientation {
            files.push(FileReference::graph(
                "orientation.graph",
                &orientation.graph,
            ));
        }
        files
    }

    fn check(&self, parts: &Parts<'_>) -> Result<(), BundleError> {
        parts.variable("picture", &self.picture, &["file"])?;
        sides("longer_side", self.longer_side, 32, 4096)?;
        self.normalization.check("normalization")?;
        self.check_detector(parts)?;
        if let Some(orientation) = &self.orientation {
            let Orientation {
                graph,
                tensor,
                scores,
                height,
                width,
                threshold,
            } = orientation;
            sides("orientation.height", *height, 1, 256)?;
            sides("orientation.width", *width, 1, 4096)?;
            share("orientation.threshold", *threshold)?;
            parts
                .graph_input("orientation.tensor", graph, tensor, &[Float32])?
                .accepts(
                    "orientation.height",
                    &[1, 3, *height as usize, *width as usize],
                )?;
            parts.every_input_fed("orientation.graph", graph, &[tensor])?;
            parts
                .graph_output("orientation.scores", graph, scores, &[Float32])?
                .accepts("orientation.scores", &[1, 2])?;
        }
        self.check_recognizer(parts)?;
        parts.only_output("filename", &self.filename, OutputKind::Text)
    }
}

impl Ocr {
    fn check_detector(&self, parts: &Parts<'_>) -> Result<(), BundleError> {
        let Detector {
            graph,
            tensor,
            map,
            shorter_side,
            threshold,
            box_threshold,
            unclip,
            ..
        } = &self.detector;
        sides("detector.shorter_side", *shorter_side, 32, self.longer_side)?;
        share("detector.threshold", *threshold)?;
        share("detector.box_threshold", *box_threshold)?;
        if !(0.0..=10.0).contains(unclip) {
            return Parts::wrong("detector.unclip", "0 to 10 are allowed");
        }
        parts
            .graph_input("detector.tensor", graph, tensor, &[Float32])?
            .accepts("detector.tensor", &[1, 3, 0, 0])?;
        parts.every_input_fed("detector.graph", graph, &[tensor])?;
        parts
            .graph_output("detector.map", graph, map, &[Float32])?
            .accepts("detector.map", &[1, 1, 0, 0])
    }

    fn check_recognizer(&self, parts: &Parts<'_>) -> Result<(), BundleError> {
        let Recognizer {
            graph,
            tensor,
            scores,
            height,
            width,
            characters,
            threshold,
        } = &self.recognizer;
        sides("recognizer.height", *height, 1, 256)?;
        sides("recognizer.width", *width, 1, 4096)?;
        share("recognizer.threshold", *threshold)?;
        parts
            .graph_input("recognizer.tensor", graph, tensor, &[Float32])?
            .accepts("recognizer.height", &[1, 3, *height as usize, 0])?;
        parts.every_input_fed("recognizer.graph", graph, &[tensor])?;
        let list: Vec<String> = parts.json("recognizer.characters", characters)?;
        parts
            .graph_output("recognizer.scores", graph, scores, &[Float32])?
            .accepts("recognizer.characters", &[1, 0, list.len() + 2])
    }
}

fn sides(field: &str, value: u32, least: u32, most: u32) -> Result<(), BundleError> {
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Parts::wrong(field, format!("{value}; {least} to {most} are allowed"))
    }
}

fn share(field: &str, value: f64) -> Result<(), BundleError> {
    if (0.0..=1.0).contains(&value) {
        Ok(())
    } else {
        Parts::wrong(field, format!("{value}; 0 to 1 are allowed"))
    }
}
