//! Cutting a quadrilateral out of a picture and making it upright.

use super::picture::{MAX_PIXELS, Picture};
use super::rectangle::Point;

/// The parameter of the cubic that new pixels are weighed with.
const CUBIC: f64 = -0.75;

impl Picture {
    /// The part of the picture between four corners (upper left, upper right, lower right,
    /// lower left), seen from the front: as wide and high as its longer sides. Pixels come
    /// from sixteen around their place by a cubic (a = −0.75); beyond the edge the picture
    /// goes on as it ends. `None` if the corners make no quadrilateral, or one of more than
    /// [`MAX_PIXELS`].
    pub fn straightened(&self, corners: &[Point; 4]) -> Option<Self> {
        let [a, b, c, d] = corners;
        let side = |p: &Point, q: &Point| {
            let [x, y] = [p[0] - q[0], p[1] - q[1]];
            (x * x + y * y).sqrt()
        };
        let width = side(a, b).max(side(c, d)).floor();
        let height = side(a, d).max(side(b, c)).floor();
        if !(width >= 1.0 && height >= 1.0 && width * height <= MAX_PIXELS as f64) {
            return None;
        }
        let mapping = Mapping::onto(corners)?;
        let (columns, rows) = (width as u32, height as u32);
        let mut pixels = Vec::with_capacity(columns as usize * rows as usize * 3);
        for row in 0..rows {
            for column in 0..columns {
                let place = mapping.at(f64::from(column) / width, f64::from(row) / height);
                pixels.extend(self.sampled(place));
            }
        }
        Self::new(columns, rows, pixels)
    }

    fn sampled(&self, [x, y]: Point) -> [u8; 3] {
        let (left, top) = (x.floor(), y.floor());
        let (across, down) = (cubic(x - left), cubic(y - top));
        let inside = |place: f64, size: u32| place.clamp(0.0, f64::from(size) - 1.0) as usize;
        let mut sums = [0.0; 3];
        for (row, weight) in (-1..3).zip(down) {
            let start = inside(top + f64::from(row), self.height()) * self.width() as usize;
            let mut line = [0.0; 3];
            for (column, weight) in (-1..3).zip(across) {
                let place = start + inside(left + f64::from(column), self.width());
                let pixel = &self.pixels()[place * 3..place * 3 + 3];
                for (sum, level) in line.iter_mut().zip(pixel) {
                    *sum += weight * f64::from(*level);
                }
            }
            for (sum, line) in sums.iter_mut().zip(line) {
                *sum += weight * line;
            }
        }
        // Clamped to a byte: it fits.
        sums.map(|sum| sum.round_ties_even().clamp(0.0, 255.0) as u8)
    }
}

/// Weights of the four pixels around a place between the second and the third.
fn cubic(x: f64) -> [f64; 4] {
    let near = |x: f64| ((CUBIC + 2.0) * x - (CUBIC + 3.0)) * x * x + 1.0;
    let far = |x: f64| ((CUBIC * x - 5.0 * CUBIC) * x + 8.0 * CUBIC) * x - 4.0 * CUBIC;
    [far(1.0 + x), near(x), near(1.0 - x), far(2.0 - x)]
}

/// The projective mapping of the unit square onto a quadrilateral (Heckbert 1989).
struct Mapping {
    x: [f64; 3],
    y: [f64; 3],
    depth: [f64; 2],
}

impl Mapping {
    fn onto(corners: &[Point; 4]) -> Option<Self> {
        let [a, b, c, d] = corners;
        let from_c = |p: &Point| [p[0] - c[0], p[1] - c[1]];
        let ([x1, y1], [x2, y2]) = (from_c(b), from_c(d));
        let [x3, y3] = [0, 1].map(|axis| a[axis] - b[axis] + c[axis] - d[axis]);
        let area = x1 * y2 - x2 * y1;
        if area == 0.0 {
            return None;
        }
        let depth = [(x3 * y2 - x2 * y3) / area, (x1 * y3 - x3 * y1) / area];
        let along = |axis: usize| {
            [
                b[axis] - a[axis] + depth[0] * b[axis],
                d[axis] - a[axis] + depth[1] * d[axis],
                a[axis],
            ]
        };
        Some(Self {
            x: along(0),
            y: along(1),
            depth,
        })
    }

    fn at(&self, u: f64, v: f64) -> Point {
        let depth = self.depth[0] * u + self.depth[1] * v + 1.0;
        let on = |[a, b, c]: [f64; 3]| (a * u + b * v + c) / depth;
        [on(self.x), on(self.y)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Picture {
        let pixels = (0..20 * 10 * 3).map(|i| (i * 37 % 251) as u8).collect();
        Picture::new(20, 10, pixels).unwrap()
    }

    #[test]
    fn an_upright_part_is_cut_out_to_the_last_bit() {
        let corners = [[3.0, 2.0], [11.0, 2.0], [11.0, 6.0], [3.0, 6.0]];
        let found = picture().straightened(&corners).unwrap();
        assert_eq!((found.width(), found.height()), (8, 4));
        for row in 0..4 {
            let start = ((row + 2) * 20 + 3) * 3;
            let own = &found.pixels()[row * 24..row * 24 + 24];
            assert_eq!(own, &picture().pixels()[start..start + 24]);
        }
    }

    #[test]
    fn corners_are_mapped_onto_corners() {
        let corners = [[1.0, 2.0], [17.0, 0.0], [19.0, 9.0], [0.0, 7.0]];
        let mapping = Mapping::onto(&corners).unwrap();
        for (corner, (u, v)) in corners
            .iter()
            .zip([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
        {
            let found = mapping.at(u, v);
            assert!((found[0] - corner[0]).abs() < 1e-9 && (found[1] - corner[1]).abs() < 1e-9);
        }
    }

    #[test]
    fn corners_without_an_area_are_refused() {
        assert!(picture().straightened(&[[1.0, 1.0]; 4]).is_none());
        let line = [[1.0, 1.0], [5.0, 1.0], [9.0, 1.0], [13.0, 1.0]];
        assert!(picture().straightened(&line).is_none());
    }
}
