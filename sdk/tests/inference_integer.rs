//! The static check of the class `integer`, and the reader beneath it.
#![cfg(feature = "inference")]

mod onnx_writer;

use arbius_sdk::model::integer::{IntegerError, check};
use arbius_sdk::model::onnx::{ElementType, Graph as Read, OnnxError};
use onnx_writer::Attribute::{Int, Ints, Text};
use onnx_writer::{FLOAT, Graph, INT8, INT32, INT64, Message, UINT8};
use proptest::prelude::*;

/// A dense layer as the class wants it, up to its accumulator `acc` of shape [1, 3].
fn dense() -> Graph {
    Graph::new()
        .input("x", UINT8, &[1, 4])
        .constant(
            "w",
            UINT8,
            &[4, 3],
            &[1, 255, 128, 7, 0, 130, 128, 128, 128, 90, 91, 92],
        )
        .constant("zero", UINT8, &[], &[0])
        .constant("middle", UINT8, &[], &[128])
        .node("MatMulInteger", &["x", "w", "zero", "middle"], "acc", &[])
}

fn int32(graph: Graph, name: &str, value: i64) -> Graph {
    graph.constant(name, INT32, &[], &[value])
}

/// The rule that a graph breaks.
fn broken(graph: Graph) -> String {
    match check(&graph.finish()) {
        Err(IntegerError::Rule { place, rule }) => format!("{place}: {rule}"),
        other => panic!("expected a broken rule, got {other:?}"),
    }
}

#[test]
fn accepts_a_quantised_layer_and_counts_its_work() {
    let graph = int32(int32(dense(), "floor", 0), "ceiling", 255)
        .node("Max", &["acc", "floor"], "a", &[])
        .node("Min", &["a", "ceiling"], "b", &[])
        .node("Cast", &["b"], "y", &[("to", Int(UINT8))])
        .output("y", UINT8, &[1, 3]);
    let summary = check(&graph.finish()).unwrap();
    assert_eq!(
        (summary.nodes, summary.operations, summary.largest),
        (4, 12, 12)
    );
}

#[test]
fn accepts_the_model_that_ships() {
    let onnx = arbius_models::DIGITS.file("generator.onnx").unwrap();
    let summary = check(onnx).unwrap();
    assert!(
        summary.parameters > 100_000 && summary.operations > 1_000_000,
        "{summary:?}"
    );
    assert!(onnx.len() <= 1_000_000);
}

#[test]
fn refuses_the_classifier_because_it_is_made_of_floats() {
    let error = check(arbius_models::DIGITS_CLASSIFIER).unwrap_err();
    assert!(error.to_string().contains("uint8 or int32"), "{error}");
}

#[test]
fn refuses_operators_attributes_and_domains_off_the_list() {
    let rule = broken(
        dense()
            .node("Sigmoid", &["acc"], "y", &[])
            .output("y", INT32, &[1, 3]),
    );
    assert!(
        rule.contains("node `y` (Sigmoid)") && rule.contains("MatMulInteger"),
        "{rule}"
    );
    let rule = broken(dense().node(
        "ReduceMax",
        &["acc"],
        "y",
        &[("axes", Ints(&[1])), ("odd", Int(1))],
    ));
    assert!(rule.contains("attribute `odd`"), "{rule}");
    let rule = broken(dense().node(
        "ReduceMax",
        &["acc"],
        "y",
        &[("axes", Ints(&[1])), ("axes", Ints(&[0]))],
    ));
    assert!(rule.contains("given twice"), "{rule}");
    let foreign = Message::default().bytes(1, "com.microsoft").int(2, 1);
    let model = dense()
        .output("acc", INT32, &[1, 3])
        .model()
        .message(8, foreign)
        .finish();
    assert!(
        check(&model)
            .unwrap_err()
            .to_string()
            .contains("com.microsoft")
    );
    let mut newer = dense().output("acc", INT32, &[1, 3]);
    newer.opset = 23;
    assert!(
        check(&newer.finish())
            .unwrap_err()
            .to_string()
            .contains("version 23")
    );
}

#[test]
fn refuses_values_that_can_leave_their_type() {
    // 4 · 255 · 128 = 130,560 times 20,000 is beyond 2^31.
    let rule = broken(int32(dense(), "m", 20_000).node("Mul", &["acc", "m"], "y", &[]));
    assert!(rule.contains("can leave their type"), "{rule}");
    let rule = broken(dense().node("Cast", &["acc"], "y", &[("to", Int(UINT8))]));
    assert!(rule.contains("can leave their type"), "{rule}");
    let one = int32(Graph::new().input("x", INT32, &[1]), "one", 1);
    let rule = broken(one.node("Add", &["x", "one"], "y", &[]));
    assert!(rule.contains("can leave their type"), "{rule}");
}

#[test]
fn refuses_divisors_that_may_be_zero_or_are_computed() {
    let rule = broken(int32(dense(), "d", 0).node("Div", &["acc", "d"], "y", &[]));
    assert!(rule.contains("at least 1"), "{rule}");
    let rule = broken(dense().node("Div", &["acc", "acc"], "y", &[]));
    assert!(rule.contains("at least 1"), "{rule}");
}

#[test]
fn refuses_indices_that_may_leave_the_table() {
    let table = Graph::new()
        .input("x", UINT8, &[2])
        .node("Cast", &["x"], "i", &[("to", Int(INT32))])
        .constant("table", UINT8, &[255, 2], &[3; 510]);
    let rule = broken(table.node("Gather", &["table", "i"], "y", &[("axis", Int(0))]));
    assert!(
        rule.contains("0 to 255 can leave its 255 entries"),
        "{rule}"
    );
}

#[test]
fn refuses_weights_and_zero_points_of_another_kind() {
    let start = || {
        Graph::new()
            .input("x", UINT8, &[1, 1])
            .constant("zero", UINT8, &[], &[0])
            .constant("middle", UINT8, &[], &[128])
            .constant("w", UINT8, &[1, 1], &[9])
    };
    let signed = start().constant("s", INT8, &[1, 1], &[-9]);
    let error = check(
        &signed
            .node("MatMulInteger", &["x", "s", "zero", "middle"], "y", &[])
            .finish(),
    );
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("tensors are uint8 or int32")
    );
    let rule = broken(start().node("MatMulInteger", &["x", "w", "zero", "zero"], "y", &[]));
    assert!(rule.contains("zero points"), "{rule}");
    let rule = broken(start().node("MatMulInteger", &["x", "w"], "y", &[]));
    assert!(rule.contains("2 inputs"), "{rule}");
    let rule = broken(start().node("MatMulInteger", &["x", "x", "zero", "middle"], "y", &[]));
    assert!(rule.contains("weights are constants"), "{rule}");
}

#[test]
fn refuses_convolutions_of_several_pictures() {
    let ones = Ints(&[1, 1]);
    let full = [
        ("pads", Ints(&[0; 4])),
        ("strides", ones),
        ("dilations", ones),
    ];
    let rule = broken(
        Graph::new()
            .input("x", UINT8, &[2, 1, 3, 3])
            .constant("w", UINT8, &[1, 1, 3, 3], &[1, 2, 3, 4, 5, 6, 7, 8, 9])
            .constant("zero", UINT8, &[], &[0])
            .constant("middle", UINT8, &[], &[128])
            .node("ConvInteger", &["x", "w", "zero", "middle"], "y", &full)
            .output("y", INT32, &[2, 1, 1, 1]),
    );
    assert!(rule.contains("one picture at a time"), "{rule}");
}

#[test]
fn refuses_convolutions_that_pad_by_themselves() {
    let conv = |attributes: &[(&str, onnx_writer::Attribute<'_>)]| {
        Graph::new()
            .input("x", UINT8, &[1, 1, 4, 4])
            .constant("w", UINT8, &[1, 1, 3, 3], &[1, 2, 3, 4, 5, 6, 7, 8, 9])
            .constant("zero", UINT8, &[], &[0])
            .constant("middle", UINT8, &[], &[128])
            .node(
                "ConvInteger",
                &["x", "w", "zero", "middle"],
                "y",
                attributes,
            )
            .output("y", INT32, &[1, 1, 2, 2])
    };
    let ones = Ints(&[1, 1]);
    let good = [
        ("pads", Ints(&[0; 4])),
        ("strides", ones),
        ("dilations", ones),
    ];
    assert_eq!(check(&conv(&good).finish()).unwrap().operations, 36);
    let padded = [("pads", Ints(&[1; 4])), good[1], good[2]];
    assert!(broken(conv(&padded)).contains("use Pad before"));
    let automatic = [good[0], good[1], good[2], ("auto_pad", Text("SAME_UPPER"))];
    assert!(broken(conv(&automatic)).contains("attribute `auto_pad`"));
    let strided = [good[0], ("strides", Ints(&[2, 2])), good[2]];
    assert!(broken(conv(&strided)).contains("strides are 1"));
    assert!(broken(conv(&good[..2])).contains("attribute `dilations` is given"));
}

#[test]
fn refuses_open_dimensions_and_tensors_beyond_memory() {
    let open = Graph::new().input("x", UINT8, &[-1, 4]);
    let rule = broken(open.node("Cast", &["x"], "y", &[("to", Int(INT32))]));
    assert!(rule.contains("every dimension is fixed"), "{rule}");
    let huge = Graph::new()
        .input("x", UINT8, &[1])
        .constant("shape", INT64, &[2], &[1 << 20, 1 << 20])
        .node("Expand", &["x", "shape"], "y", &[]);
    assert!(
        broken(huge).contains("elements"),
        "a terabyte must be refused"
    );
}

#[test]
fn refuses_graphs_that_use_a_name_before_or_twice() {
    let rule = broken(dense().node("Cast", &["later"], "y", &[("to", Int(INT32))]));
    assert!(rule.contains("nothing defines `later`"), "{rule}");
    let rule = broken(dense().node("Cast", &["x"], "acc", &[("to", Int(INT32))]));
    assert!(rule.contains("defined twice"), "{rule}");
    let rule = broken(dense().output("elsewhere", INT32, &[1]));
    assert!(rule.contains("nothing makes it"), "{rule}");
    let rule = broken(dense().output("acc", FLOAT, &[1, 3]));
    assert!(rule.contains("outputs are"), "{rule}");
}

#[test]
fn refuses_parts_of_the_format_that_it_does_not_judge() {
    let model = |field| dense().model().message(field, Message::default()).finish();
    for (field, words) in [(25, "functions"), (20, "training"), (99, "field 99")] {
        let error = check(&model(field)).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    let sparse = dense().raw(15, Message::default());
    assert!(
        check(&sparse.finish())
            .unwrap_err()
            .to_string()
            .contains("sparse")
    );
    let outside = Graph::tensor("t", UINT8, &[1], &[1]).int(14, 1);
    let error = check(&dense().raw(5, outside).finish())
        .unwrap_err()
        .to_string();
    assert!(error.contains("external data"), "{error}");
    let short = Graph::tensor("t", INT32, &[2], &[1]);
    let error = check(&dense().raw(5, short).finish())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("4 bytes of data; its shape needs 8"),
        "{error}"
    );
}

#[test]
fn reads_what_is_no_onnx_as_an_error() {
    assert_eq!(Read::parse(b""), Err(OnnxError::Empty));
    for bytes in [
        &b"not an onnx file"[..],
        b"\x89PNG\r\n\x1a\n",
        &[0xff; 64],
        b"{\"json\": true}",
    ] {
        assert!(Read::parse(bytes).is_err(), "{bytes:?}");
    }
    let whole = dense().output("acc", INT32, &[1, 3]).finish();
    let graph = Read::parse(&whole).unwrap();
    assert_eq!(graph.inputs[0].element, ElementType::Uint8);
    assert_eq!(
        graph.constants[0].integers.as_ref().unwrap()[..3],
        [1, 255, 128]
    );
}

proptest! {
    #[test]
    fn never_panics_on_a_damaged_file(at in 0usize..4000, byte: u8, cut in 0usize..4000) {
        let mut whole = dense().output("acc", INT32, &[1, 3]).finish();
        let at = at % whole.len();
        whole[at] = byte;
        let _ = check(&whole);
        whole.truncate(cut % whole.len());
        let _ = check(&whole);
    }
}
