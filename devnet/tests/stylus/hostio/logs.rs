//! Logs.

use super::*;

#[test]
fn logs_carry_topics_and_data() {
    let data = [word(1).as_slice(), word(2).as_slice(), b"payload"].concat();
    let mut world = MemoryWorld::default();
    let call = HostCall::new("emit_log", "i32 i32 i32", &[0, 71, 2]).with_data(&data);
    let (ink, _) = call.output_in(&mut world);
    assert_eq!(
        world.logs,
        [(
            CONTRACT,
            vec![word(1), word(2)],
            Bytes::from_static(b"payload")
        )]
    );
    // Reading 71 bytes; 375 for the log and each topic, 8 for each of 7 bytes.
    assert_eq!(
        ink,
        BASE + API + (16_381 + 55 * 39) + (3 * 375 + 7 * 8) * INK
    );

    let none = HostCall::new("emit_log", "i32 i32 i32", &[0, 0, 0]);
    assert_eq!(none.output().0, BASE + API + 16_381 + 375 * INK);
}

#[test]
fn malformed_and_forbidden_logs_fail() {
    for (len, topics) in [(31, 1), (160, 5), (0, -1), (127, 4)] {
        let (_, outcome) = HostCall::new("emit_log", "i32 i32 i32", &[0, len, topics]).run();
        assert!(
            matches!(outcome.status, Status::Failure(Fault::BadTopics { .. })),
            "{topics}"
        );
        assert!(outcome.gas_left > 0);
    }
    let mut frame = frame();
    frame.is_static = true;
    let mut world = MemoryWorld::default();
    let call = HostCall::new("emit_log", "i32 i32 i32", &[0, 0, 0]);
    let (_, outcome) = call.run_in(&mut world, frame);
    assert_eq!(
        outcome.status,
        Status::Failure(Fault::WriteProtection("emit_log"))
    );
    assert!(world.logs.is_empty());
}
