//! From a detector's map to rectangles with text: differentiable binarization (Liao et al.
//! 2020), what comes after the network.

use super::rectangle::{Point, Rectangle};

/// The most regions that are taken from a picture, from the top.
pub const MAX_REGIONS: usize = 1000;

/// How a map is read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Above this a pixel belongs to a text.
    pub threshold: f64,
    /// A rectangle whose pixels' mean is below this is none.
    pub box_threshold: f64,
    /// How much rectangles are enlarged.
    pub unclip: f64,
    /// Whether regions first grow by a pixel to the right and down.
    pub dilate: bool,
}

/// Rectangles with text in a map of probabilities, in pixels of the map; none if the map has
/// not `width · height` of them.
pub fn regions(map: &[f32], width: usize, height: usize, reading: &Reading) -> Vec<Rectangle> {
    let mut found = Vec::new();
    if width.checked_mul(height) != Some(map.len()) {
        return found;
    }
    for points in components(&mask(map, width, reading), width, height) {
        let Some(tight) = Rectangle::around(&points) else {
            continue;
        };
        // Sides below three pixels hold no text, nor do those below five afterwards.
        if tight.shorter_side() < 3.0
            || mean_inside(map, width, height, &tight) < reading.box_threshold
        {
            continue;
        }
        let wide = tight.unclipped(reading.unclip);
        if wide.shorter_side() >= 5.0 {
            found.push(wide);
        }
    }
    found
}

fn mask(map: &[f32], width: usize, reading: &Reading) -> Vec<bool> {
    let above: Vec<bool> = map
        .iter()
        .map(|share| f64::from(*share) > reading.threshold)
        .collect();
    if !reading.dilate {
        return above;
    }
    (0..above.len())
        .map(|place| {
            let left = place % width > 0;
            let up = place >= width;
            above[place]
                || (left && above[place - 1])
                || (up && above[place - width])
                || (left && up && above[place - width - 1])
        })
        .collect()
}

/// The first and last pixel of each row of each region whose pixels touch, corners included.
fn components(mask: &[bool], width: usize, height: usize) -> Vec<Vec<Point>> {
    let mut left = mask.to_vec();
    let mut found = Vec::new();
    for start in 0..left.len() {
        if !left[start] || found.len() == MAX_REGIONS {
            continue;
        }
        let mut rows: Vec<Option<(usize, usize)>> = vec![None; height];
        let mut ahead = vec![start];
        left[start] = false;
        while let Some(place) = ahead.pop() {
            let (x, y) = (place % width, place / width);
            let (low, high) = rows[y].unwrap_or((x, x));
            rows[y] = Some((low.min(x), high.max(x)));
            for near_y in y.saturating_sub(1)..(y + 2).min(height) {
                for near_x in x.saturating_sub(1)..(x + 2).min(width) {
                    let near = near_y * width + near_x;
                    if left[near] {
                        left[near] = false;
                        ahead.push(near);
                    }
                }
            }
        }
        let ends = rows
            .iter()
            .enumerate()
            .filter_map(|(y, row)| Some((y, (*row)?)));
        let points = ends.flat_map(|(y, (low, high))| [low, high].map(|x| [x as f64, y as f64]));
        found.push(points.collect());
    }
    found
}

/// The mean of the map over the pixels inside a rectangle whose corners are moved to whole
/// pixels, up and to the left.
fn mean_inside(map: &[f32], width: usize, height: usize, rectangle: &Rectangle) -> f64 {
    // Corners lie inside the map or next to it: they fit.
    let corners = rectangle
        .corners()
        .map(|corner| corner.map(|x| x.floor() as i64));
    let range = |axis: usize, size: usize| {
        let places = corners.map(|corner| corner[axis].clamp(0, size as i64 - 1));
        let low = places.iter().copied().min().unwrap_or(0);
        low..=places.iter().copied().max().unwrap_or(0)
    };
    let inside = |x: i64, y: i64| {
        (0..4).all(|index| {
            let ([ax, ay], [bx, by]) = (corners[index], corners[(index + 1) % 4]);
            (bx - ax) * (y - ay) - (by - ay) * (x - ax) >= 0
        })
    };
    let (mut sum, mut count) = (0.0, 0u32);
    for y in range(1, height) {
        for x in range(0, width) {
            if inside(x, y) {
                sum += f64::from(map[y as usize * width + x as usize]);
                count += 1;
            }
        }
    }
    if count == 0 {
        0.0
    } else {
        sum / f64::from(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READING: Reading = Reading {
        threshold: 0.3,
        box_threshold: 0.5,
        unclip: 0.0,
        dilate: false,
    };

    fn map(rows: &[&str]) -> (Vec<f32>, usize, usize) {
        let levels = rows.iter().flat_map(|row| row.bytes());
        let map = levels.map(|byte| match byte {
            b'#' => 0.9,
            b'+' => 0.4,
            _ => 0.0,
        });
        (map.collect(), rows[0].len(), rows.len())
    }

    #[test]
    fn each_region_has_its_rectangle() {
        let (map, width, height) = map(&[
            "..................",
            ".#######....######",
            ".#######....######",
            ".#######....######",
            ".#######....######",
            ".#######....######",
            ".#######....######",
        ]);
        let found = regions(&map, width, height, &READING);
        let corners: Vec<_> = found.iter().map(Rectangle::corners).collect();
        assert_eq!(
            corners,
            [
                [[1.0, 1.0], [7.0, 1.0], [7.0, 6.0], [1.0, 6.0]],
                [[12.0, 1.0], [17.0, 1.0], [17.0, 6.0], [12.0, 6.0]],
            ]
        );
    }

    #[test]
    fn doubtful_and_tiny_regions_are_none() {
        let (doubtful, width, height) = map(&["++++++++"; 8]);
        assert_eq!(regions(&doubtful, width, height, &READING), []);
        let (tiny, width, height) = map(&["........", ".##.....", ".##.....", "........"]);
        assert_eq!(regions(&tiny, width, height, &READING), []);
    }

    #[test]
    fn dilation_joins_neighbours_to_the_right_and_below() {
        let (map, width, height) = map(&[
            "###.###", "###.###", "###.###", "###.###", "###.###", "###.###",
        ]);
        assert_eq!(regions(&map, width, height, &READING).len(), 0);
        let reading = Reading {
            dilate: true,
            ..READING
        };
        assert_eq!(regions(&map, width, height, &reading).len(), 1);
    }

    #[test]
    fn a_hostile_map_has_a_bounded_number_of_regions() {
        let dots: Vec<f32> = (0..400 * 400)
            .map(|i| f32::from(u8::from(i % 400 % 8 < 6 && i / 400 % 8 < 6)))
            .collect();
        assert_eq!(regions(&dots, 400, 400, &READING).len(), MAX_REGIONS);
    }
}
