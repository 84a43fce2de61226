//! Rectangles in any direction, around points.
//!
//! Only +, −, ×, ÷ and square roots are used: see [`arithmetic`](super::arithmetic).

/// A point: to the right, and down.
pub type Point = [f64; 2];

/// A rectangle in any direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rectangle {
    centre: Point,
    /// A vector of length 1 along the first side.
    along: Point,
    /// Half of the length along it.
    length: f64,
    /// Half of the length across it.
    width: f64,
}

impl Rectangle {
    /// The rectangle of the least area around points, the first found among equals; `None`
    /// without points. Points that lie in a line have one without area.
    pub fn around(points: &[Point]) -> Option<Self> {
        let hull = hull(points);
        let first = *hull.first()?;
        let mut best: Option<Self> = None;
        for (index, from) in hull.iter().enumerate() {
            let to = hull[(index + 1) % hull.len()];
            let side = [to[0] - from[0], to[1] - from[1]];
            let size = (side[0] * side[0] + side[1] * side[1]).sqrt();
            let along = if size > 0.0 {
                [side[0] / size, side[1] / size]
            } else {
                [1.0, 0.0]
            };
            let found = Self::in_direction(&hull, first, along);
            if best.is_none_or(|best| found.area() < best.area()) {
                best = Some(found);
            }
        }
        best
    }

    fn in_direction(points: &[Point], first: Point, along: Point) -> Self {
        let (mut low, mut high) = ([0.0_f64; 2], [0.0_f64; 2]);
        for point in points {
            let [x, y] = [point[0] - first[0], point[1] - first[1]];
            let place = [x * along[0] + y * along[1], y * along[0] - x * along[1]];
            for ((low, high), place) in low.iter_mut().zip(&mut high).zip(place) {
                *low = f64::min(*low, place);
                *high = f64::max(*high, place);
            }
        }
        let [u, v] = [(low[0] + high[0]) / 2.0, (low[1] + high[1]) / 2.0];
        Self {
            centre: [
                first[0] + u * along[0] - v * along[1],
                first[1] + u * along[1] + v * along[0],
            ],
            along,
            length: (high[0] - low[0]) / 2.0,
            width: (high[1] - low[1]) / 2.0,
        }
    }

    /// Its area.
    pub fn area(&self) -> f64 {
        4.0 * self.length * self.width
    }

    /// The length of its shorter side.
    pub fn shorter_side(&self) -> f64 {
        2.0 * self.length.min(self.width)
    }

    /// Enlarged on every side by `area · ratio / circumference`, as detectors of text were
    /// trained with shrunken ones (Liao et al. 2020).
    #[must_use]
    pub fn unclipped(&self, ratio: f64) -> Self {
        let circumference = 4.0 * (self.length + self.width);
        let distance = if circumference > 0.0 {
            self.area() * ratio / circumference
        } else {
            0.0
        };
        Self {
            length: self.length + distance,
            width: self.width + distance,
            ..*self
        }
    }

    /// Its corners: upper left, upper right, lower right, lower left.
    pub fn corners(&self) -> [Point; 4] {
        let across = [-self.along[1], self.along[0]];
        let corner = |length: f64, width: f64| {
            [0, 1].map(|axis| self.centre[axis] + length * self.along[axis] + width * across[axis])
        };
        ordered([
            corner(-self.length, -self.width),
            corner(self.length, -self.width),
            corner(self.length, self.width),
            corner(-self.length, self.width),
        ])
    }
}

/// Corners as upper left, upper right, lower right, lower left: the two on the left by their
/// height, then the two on the right.
pub fn ordered(mut corners: [Point; 4]) -> [Point; 4] {
    corners.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let [mut a, mut b, mut c, mut d] = corners;
    if b[1] < a[1] {
        (a, b) = (b, a);
    }
    if d[1] < c[1] {
        (c, d) = (d, c);
    }
    [a, c, d, b]
}

/// The corners of the convex hull, by Andrew's monotone chain.
fn hull(points: &[Point]) -> Vec<Point> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    sorted.dedup();
    if sorted.len() < 3 {
        return sorted;
    }
    let half = |points: &mut dyn Iterator<Item = &Point>| {
        let mut chain: Vec<Point> = Vec::new();
        for point in points {
            while let [.., a, b] = chain[..]
                && (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0]) <= 0.0
            {
                chain.pop();
            }
            chain.push(*point);
        }
        // The last point is the first of the other half.
        chain.pop();
        chain
    };
    let mut corners = half(&mut sorted.iter());
    corners.extend(half(&mut sorted.iter().rev()));
    corners
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: [Point; 4], expected: [Point; 4]) {
        for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
    }

    #[test]
    fn points_of_an_upright_rectangle_give_it_back() {
        let points = [
            [2.0, 1.0],
            [8.0, 1.0],
            [5.0, 3.0],
            [8.0, 4.0],
            [2.0, 4.0],
            [3.0, 2.0],
        ];
        let found = Rectangle::around(&points).unwrap();
        near(
            found.corners(),
            [[2.0, 1.0], [8.0, 1.0], [8.0, 4.0], [2.0, 4.0]],
        );
        assert_eq!(found.area(), 18.0);
        assert_eq!(found.shorter_side(), 3.0);
    }

    #[test]
    fn a_tilted_rectangle_is_smaller_than_the_upright_one_around_it() {
        let corners = [[0.0, 3.0], [4.0, 0.0], [7.0, 4.0], [3.0, 7.0]];
        let found = Rectangle::around(&corners).unwrap();
        assert!((found.area() - 25.0).abs() < 1e-9, "{}", found.area());
        near(found.corners(), ordered(corners));
    }

    #[test]
    fn unclipping_moves_every_side_by_the_same_distance() {
        let points = [[0.0, 0.0], [30.0, 0.0], [30.0, 10.0], [0.0, 10.0]];
        let found = Rectangle::around(&points).unwrap().unclipped(1.6);
        // 300 · 1.6 / 80
        near(
            found.corners(),
            [[-6.0, -6.0], [36.0, -6.0], [36.0, 16.0], [-6.0, 16.0]],
        );
    }

    #[test]
    fn few_points_make_a_rectangle_without_area() {
        assert_eq!(Rectangle::around(&[]), None);
        assert_eq!(Rectangle::around(&[[1.0, 2.0]]).unwrap().area(), 0.0);
        let line = Rectangle::around(&[[0.0, 0.0], [3.0, 3.0], [6.0, 6.0]]).unwrap();
        assert!(line.shorter_side() < 1e-9);
        assert_eq!(line.unclipped(2.0).area(), line.area());
    }
}
