//! Trees of overrides: the one rule for the path of a leaf, and the one walk over leaves.
//!
//! The path of a leaf is the names on the way to it with a dot between them. An empty name counts: `{"":{"a":true}}` has the
//! path `.a`. No flag has such a key, but stored overrides may hold anything.
use alloc::{borrow::Cow, string::String, vec::Vec};

use crate::json::{self, Json, Name, Place, Value};

/// The members of one object of a tree that is being changed.
pub type Members<'j> = Vec<(Cow<'j, str>, Json<'j>)>;

/// A leaf on the walk: a value that is no object.
#[derive(Debug)]
pub struct Leaf<'w, 'j, 't> {
    /// The path of the leaf: the names on the way to it, with a dot between them.
    pub path: &'w str,
    /// The number of names in the path.
    pub depth: usize,
    /// The place of the leaf below the place where the walk began.
    pub place: Place<'w>,
    /// The value.
    pub value: Value<'j, 't>,
}

/// A visitor of the objects and leaves of a tree.
pub trait VisitLeaves<'t> {
    /// The error that ends a walk early.
    type Error;

    /// Called before the members of an object are walked. The members whose names are returned, sorted, are left out.
    fn object<'j>(&mut self, place: Place<'_>, depth: usize, members: &json::Members<'j, 't>) -> Result<Vec<Name<'j, 't>>, Self::Error>;

    /// Called at each leaf, in the order in which leaves are written.
    fn leaf(&mut self, leaf: Leaf<'_, '_, 't>) -> Result<(), Self::Error>;
}

/// Walks the leaves of a tree that stands at `place`.
pub fn visit_leaves<'t, V: VisitLeaves<'t>>(tree: Value<'_, 't>, place: Place<'_>, visitor: &mut V) -> Result<(), V::Error> {
    walk(tree, place, &mut LeafPath::default(), visitor)
}

fn walk<'t, V: VisitLeaves<'t>>(value: Value<'_, 't>, place: Place<'_>, path: &mut LeafPath, visitor: &mut V) -> Result<(), V::Error> {
    let Some(members) = value.members() else {
        return visitor.leaf(Leaf { path: &path.dotted, depth: path.depth, place, value });
    };
    let left_out = visitor.object(place, path.depth, &members)?;
    for (name, value) in members {
        if left_out.binary_search_by(|known| known.compare(name)).is_err() {
            let name = name.text();
            path.within(&name, |path| walk(value, place.name(&name), path, visitor))?;
        }
    }
    Ok(())
}

/// Keeps the leaves whose paths are wanted. An object without a leaf is removed, except the outermost.
pub fn retain_leaves(members: &mut Members<'_>, mut is_wanted: impl FnMut(&str) -> bool) {
    retain(members, &mut LeafPath::default(), &mut is_wanted);
}

fn retain(members: &mut Members<'_>, path: &mut LeafPath, is_wanted: &mut impl FnMut(&str) -> bool) {
    members.retain_mut(|(name, value)| {
        path.within(name, |path| {
            let Json::Object(below) = value else { return is_wanted(&path.dotted) };
            retain(below, path, is_wanted);
            !below.is_empty()
        })
    });
}

/// The path from the root of a tree to the place that a walk has reached.
#[derive(Default)]
struct LeafPath {
    dotted: String,
    depth: usize,
}

impl LeafPath {
    /// Calls `walk` with the path extended by a name, and then takes the name off again.
    fn within<T>(&mut self, name: &str, walk: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.dotted.len();
        if self.depth > 0 {
            self.dotted.push('.');
        }
        self.dotted.push_str(name);
        self.depth += 1;
        let result = walk(self);
        self.depth -= 1;
        self.dotted.truncate(length);
        result
    }
}

#[cfg(test)]
mod tests {
    use alloc::{borrow::ToOwned as _, vec};
    use core::convert::Infallible;

    use super::*;
    use crate::json::Tape;

    #[derive(Default)]
    struct Paths(Vec<(String, usize, String)>);

    impl<'t> VisitLeaves<'t> for Paths {
        type Error = Infallible;

        fn object<'j>(&mut self, _: Place<'_>, _: usize, _: &json::Members<'j, 't>) -> Result<Vec<Name<'j, 't>>, Infallible> {
            Ok(Vec::new())
        }

        fn leaf(&mut self, leaf: Leaf<'_, '_, 't>) -> Result<(), Infallible> {
            self.0.push((leaf.path.to_owned(), leaf.depth, leaf.place.pointer()));
            Ok(())
        }
    }

    fn members(tree: &str) -> Members<'_> {
        let Ok(Json::Object(members)) = serde_json::from_str(tree) else { panic!("{tree} is an object") };
        members
    }

    #[track_caller]
    fn check_paths(tree: &str, expected: &[(&str, usize, &str)]) {
        let mut paths = Paths::default();
        let Ok(()) = visit_leaves(Tape::read(tree, Place::ROOT).unwrap().root(), Place::ROOT, &mut paths);
        let seen: Vec<_> = paths.0.iter().map(|(path, depth, pointer)| (path.as_str(), *depth, pointer.as_str())).collect();
        assert_eq!(seen, expected, "{tree}");
    }

    /// A path has one dot fewer than names, as the names joined with a dot have.
    #[test]
    fn an_empty_name_counts_at_every_depth() {
        check_paths(r#"{"":true}"#, &[("", 1, "/")]);
        check_paths(r#"{"":{"a":true}}"#, &[(".a", 2, "//a")]);
        check_paths(r#"{"a":{"":true}}"#, &[("a.", 2, "/a/")]);
        check_paths(r#"{"":{"":true}}"#, &[(".", 2, "//")]);
        check_paths(r#"{"a":{"":{"b":true}}}"#, &[("a..b", 3, "/a//b")]);
        check_paths(r#"{"":{"":{"":1}}}"#, &[("..", 3, "///")]);
    }

    #[test]
    fn leaves_come_in_the_order_in_which_they_are_written() {
        let expected = [("b.c", 2, "/b/c"), ("b.a", 2, "/b/a"), ("a/b", 1, "/a~1b"), ("b.c", 1, "/b.c")];
        check_paths(r#"{"b":{"c":1,"a":2},"a/b":[{}],"b.c":null}"#, &expected);
    }

    #[test]
    fn unwanted_leaves_are_removed_by_their_paths_and_empty_objects_with_them() {
        let mut tree = members(r#"{"":{"a":1,"b":2},"a":{"b":{"c":3}},"d":{},"e":{"":4}}"#);
        retain_leaves(&mut tree, |path| matches!(path, ".a" | "e."));
        assert_eq!(tree, members(r#"{"":{"a":1},"e":{"":4}}"#));
        retain_leaves(&mut tree, |path| path == "a");
        assert_eq!(tree, vec![]);
    }
}
