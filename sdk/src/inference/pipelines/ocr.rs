//! Reading text in pictures: lines are found, cut out, turned upright and read.

use serde_json::{Value as Json, json};

use super::graphs::{Graphs, floats, wrong};
use super::run::Run;
use super::values;
use crate::inference::arithmetic::argmax;
use crate::inference::picture::Picture;
use crate::inference::rectangle::{Point, ordered};
use crate::inference::runtime::{Elements, Tensor};
use crate::inference::text_regions::{Reading, regions};
use crate::inference::{InferenceError, OutputFile, canonical_json};
use crate::model::Bundle;
use crate::model::input::Inputs;
use crate::model::pipeline::Ocr;
use crate::model::pipeline::picture::Filter;

/// How many times as long as the detector's shorter side a picture may grow.
const LONGEST: u32 = 8;

/// Lines whose upper corners differ by less than this are of one row, read from the left.
const SAME_ROW: f64 = 10.0;

/// Reading text with its characters.
#[derive(Debug)]
pub struct OcrPipeline {
    description: Ocr,
    characters: Vec<String>,
}

impl OcrPipeline {
    /// Reads the characters.
    ///
    /// # Errors
    /// [`InferenceError::Asset`].
    pub fn new(bundle: &Bundle, description: Ocr) -> Result<Self, InferenceError> {
        let file = &description.recognizer.characters;
        Ok(Self {
            characters: values::json_asset(bundle, file)?,
            description,
        })
    }

    /// The corners of lines in a picture, from top to bottom.
    fn detect(
        &self,
        graphs: &mut Graphs,
        picture: &Picture,
    ) -> Result<Vec<[Point; 4]>, InferenceError> {
        let detector = &self.description.detector;
        let shorter = picture.width().min(picture.height());
        let longer = picture.width().max(picture.height());
        // A long and thin picture grows less than its shorter side asks for.
        let wanted = detector.shorter_side.max(shorter);
        let most = (LONGEST * detector.shorter_side).max(longer);
        let ratio = f64::min(
            f64::from(wanted) / f64::from(shorter),
            f64::from(most) / f64::from(longer),
        );
        let side = |pixels: u32| {
            let tiles = ((f64::from(pixels) * ratio).floor() / 32.0).round_ties_even();
            // At most the longer side: it fits.
            32 * tiles.max(1.0) as u32
        };
        let (width, height) = (side(picture.width()), side(picture.height()));
        let resized = picture.resized(width, height, Filter::Linear);
        let planes = resized.planes(&self.description.normalization);
        let (columns, rows) = (width as usize, height as usize);
        let tensor = tensor(&detector.graph, [1, 3, rows, columns], planes)?;
        let given = [(detector.tensor.as_str(), tensor)];
        let made = graphs.run_for_one(&detector.graph, &given, &detector.map)?;
        let map = floats(&detector.graph, &made, &[1, 1, rows, columns])?;
        let reading = Reading {
            threshold: detector.threshold,
            box_threshold: detector.box_threshold,
            unclip: detector.unclip,
            dilate: detector.dilate,
        };
        let scale = [
            f64::from(picture.width()) / f64::from(width),
            f64::from(picture.height()) / f64::from(height),
        ];
        let last = [picture.width() - 1, picture.height() - 1].map(f64::from);
        let mut found: Vec<[Point; 4]> = regions(map, columns, rows, &reading)
            .iter()
            .map(|region| {
                ordered(region.corners().map(|corner| {
                    [0, 1].map(|axis| {
                        let place = (corner[axis] * scale[axis]).round_ties_even();
                        place.clamp(0.0, last[axis])
                    })
                }))
            })
            .filter(|[a, b, _, d]| distance(a, b).floor() > 3.0 && distance(a, d).floor() > 3.0)
            .collect();
        in_reading_order(&mut found);
        Ok(found)
    }

    /// Whether a line is upside down.
    fn is_over(&self, graphs: &mut Graphs, line: &Picture) -> Result<bool, InferenceError> {
        let Some(orientation) = &self.description.orientation else {
            return Ok(false);
        };
        let tensor = self.strip(
            &orientation.graph,
            line,
            orientation.height,
            orientation.width,
        )?;
        let given = [(orientation.tensor.as_str(), tensor)];
        let made = graphs.run_for_one(&orientation.graph, &given, &orientation.scores)?;
        let scores = floats(&orientation.graph, &made, &[1, 2])?;
        let over = scores.get(1).copied().unwrap_or_default();
        Ok(argmax(scores) == Some(1) && f64::from(over) > orientation.threshold)
    }

    /// The text of a line and the mean probability of its characters.
    fn read(&self, graphs: &mut Graphs, line: &Picture) -> Result<(String, f64), InferenceError> {
        let recognizer = &self.description.recognizer;
        let natural = f64::from(recognizer.height) * f64::from(line.width());
        // A line is at most as long as a picture and at least four pixels high: it fits.
        let natural = (natural / f64::from(line.height())).floor() as u32;
        let width = natural.max(recognizer.width);
        let tensor = self.strip(&recognizer.graph, line, recognizer.height, width)?;
        let given = [(recognizer.tensor.as_str(), tensor)];
        let made = graphs.run_for_one(&recognizer.graph, &given, &recognizer.scores)?;
        let classes = self.characters.len() + 2;
        let scores = floats(&recognizer.graph, &made, &[1, 0, classes])?;
        Ok(self.decoded(scores, classes))
    }

    /// Connectionist temporal classification, greedily: the likeliest class of each step,
    /// without repetitions and without the first class, which is nothing.
    fn decoded(&self, scores: &[f32], classes: usize) -> (String, f64) {
        let (mut text, mut sum, mut count, mut before) = (String::new(), 0.0, 0u32, 0);
        for step in scores.chunks_exact(classes) {
            let best = argmax(step).unwrap_or(0);
            if best != 0 && best != before {
                text.push_str(self.characters.get(best - 1).map_or(" ", String::as_str));
                sum += f64::from(step[best]);
                count += 1;
            }
            before = best;
        }
        (
            text,
            if count == 0 {
                0.0
            } else {
                sum / f64::from(count)
            },
        )
    }

    /// A line in the height of a graph, filled up to its width.
    fn strip(
        &self,
        graph: &str,
        line: &Picture,
        height: u32,
        width: u32,
    ) -> Result<Tensor, InferenceError> {
        let natural = f64::from(height) * f64::from(line.width()) / f64::from(line.height());
        let used = natural.ceil().clamp(1.0, f64::from(width)) as u32;
        let resized = line.resized(used, height, Filter::Linear);
        let planes = resized.planes(&self.description.normalization);
        let (used, height, width) = (used as usize, height as usize, width as usize);
        let mut padded = vec![0.0; 3 * height * width];
        for (row, levels) in padded
            .chunks_exact_mut(width)
            .zip(planes.chunks_exact(used))
        {
            row[..used].copy_from_slice(levels);
        }
        tensor(graph, [1, 3, height, width], padded)
    }
}

impl Run for OcrPipeline {
    fn run(&self, graphs: &mut Graphs, inputs: &Inputs) -> Result<Vec<OutputFile>, InferenceError> {
        let described = &self.description;
        let file = values::file(inputs, &described.picture)?;
        let original = Picture::decode(&described.picture, file)?;
        let longer = original.width().max(original.height());
        let shrinks = longer > described.longer_side;
        let picture = if shrinks {
            let ratio = f64::from(described.longer_side) / f64::from(longer);
            let side = |pixels: u32| (f64::from(pixels) * ratio).round_ties_even().max(1.0) as u32;
            let (width, height) = (side(original.width()), side(original.height()));
            original.resized(width, height, Filter::Linear)
        } else {
            original.clone()
        };
        let back = [
            f64::from(original.width()) / f64::from(picture.width()),
            f64::from(original.height()) / f64::from(picture.height()),
        ];
        let mut lines: Vec<Json> = Vec::new();
        for corners in self.detect(graphs, &picture)? {
            let Some(mut line) = picture.straightened(&corners) else {
                continue;
            };
            // Lines that stand upright are read from the side.
            if f64::from(line.height()) / f64::from(line.width()) >= 1.5 {
                line = line.turned();
            }
            if self.is_over(graphs, &line)? {
                line = line.turned_over();
            }
            let (text, score) = self.read(graphs, &line)?;
            if score < described.recognizer.threshold {
                continue;
            }
            let corners = corners.map(|[x, y]| {
                [
                    (x * back[0]).round_ties_even(),
                    (y * back[1]).round_ties_even(),
                ]
            });
            lines.push(json!({
                "box": corners, "score": canonical_json::millionths(score), "text": text,
            }));
        }
        Ok(vec![OutputFile {
            name: described.filename.clone(),
            bytes: canonical_json::encode(&json!({ "lines": lines })),
        }])
    }
}

fn distance(a: &Point, b: &Point) -> f64 {
    let [x, y] = [a[0] - b[0], a[1] - b[1]];
    (x * x + y * y).sqrt()
}

/// From top to bottom, and from the left in a row.
fn in_reading_order(lines: &mut [[Point; 4]]) {
    lines.sort_by(|a, b| {
        a[0][1]
            .total_cmp(&b[0][1])
            .then(a[0][0].total_cmp(&b[0][0]))
    });
    for end in 1..lines.len() {
        for index in (1..=end).rev() {
            let ([x, y], [before_x, before_y]) = (lines[index][0], lines[index - 1][0]);
            if (y - before_y).abs() >= SAME_ROW || x >= before_x {
                break;
            }
            lines.swap(index, index - 1);
        }
    }
}

fn tensor(graph: &str, shape: [usize; 4], data: Vec<f32>) -> Result<Tensor, InferenceError> {
    Tensor::new(shape.to_vec(), Elements::F32(data))
        .ok_or_else(|| wrong(graph, "a picture that does not fit"))
}
