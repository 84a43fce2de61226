;; A program that does what the first byte of its input says, for tests of how contracts
;; meet. Input lies at 0, output at 0x8000, and from 0xf000 on: a zero word, a value, the
;; length of return data, an address.
(module
  (import "vm_hooks" "read_args" (func $read_args (param i32)))
  (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
  (import "vm_hooks" "storage_load_bytes32" (func $load (param i32 i32)))
  (import "vm_hooks" "storage_cache_bytes32" (func $cache (param i32 i32)))
  (import "vm_hooks" "storage_flush_cache" (func $flush (param i32)))
  (import "vm_hooks" "call_contract"
    (func $call (param i32 i32 i32 i32 i64 i32) (result i32)))
  (import "vm_hooks" "delegate_call_contract"
    (func $delegate (param i32 i32 i32 i64 i32) (result i32)))
  (import "vm_hooks" "static_call_contract"
    (func $static (param i32 i32 i32 i64 i32) (result i32)))
  (import "vm_hooks" "create1" (func $create (param i32 i32 i32 i32 i32)))
  (import "vm_hooks" "read_return_data" (func $read_return (param i32 i32 i32) (result i32)))
  (import "vm_hooks" "emit_log" (func $log (param i32 i32 i32)))
  (import "vm_hooks" "msg_reentrant" (func $reentrant (result i32)))
  (import "vm_hooks" "msg_value" (func $value (param i32)))
  (import "vm_hooks" "msg_sender" (func $sender (param i32)))
  (import "vm_hooks" "contract_address" (func $self (param i32)))
  (import "vm_hooks" "block_number" (func $number (result i64)))
  (memory (export "memory") 1 1)

  (func $answer (param $length i32) (param $status i32) (result i32)
    (call $write_result (i32.const 0x8000) (local.get $length))
    (local.get $status))

  ;; Answers with what the latest call returned.
  (func $relay (param $status i32) (result i32)
    (call $answer
      (call $read_return (i32.const 0x8000) (i32.const 0) (i32.load (i32.const 0xf040)))
      (local.get $status)))

  (func $store
    (call $cache (i32.const 0xf000) (i32.const 1))
    (call $flush (i32.const 0)))

  ;; Calls the address in bytes 1 to 20 of the input with the bytes after them, in the way
  ;; that $how says, with the value that came with the input.
  (func $forward (param $how i32) (param $length i32) (result i32)
    (call $value (i32.const 0xf020))
    (local.set $length (i32.sub (local.get $length) (i32.const 21)))
    (if (i32.eq (local.get $how) (i32.const 2)) (then
      (return (call $call (i32.const 1) (i32.const 21) (local.get $length)
        (i32.const 0xf020) (i64.const -1) (i32.const 0xf040)))))
    (if (i32.eq (local.get $how) (i32.const 3)) (then
      (return (call $delegate (i32.const 1) (i32.const 21) (local.get $length)
        (i64.const -1) (i32.const 0xf040)))))
    (call $static (i32.const 1) (i32.const 21) (local.get $length)
      (i64.const -1) (i32.const 0xf040)))

  (func (export "user_entrypoint") (param $length i32) (result i32)
    (local $act i32)
    (call $read_args (i32.const 0))
    (local.set $act (i32.load8_u (i32.const 0)))

    ;; 0: stores the word after the first byte
    (if (i32.eq (local.get $act) (i32.const 0)) (then
      (call $store)
      (return (i32.const 0))))
    ;; 1: returns what is stored
    (if (i32.eq (local.get $act) (i32.const 1)) (then
      (call $load (i32.const 0xf000) (i32.const 0x8000))
      (return (call $answer (i32.const 32) (i32.const 0)))))
    ;; 2, 3, 4: calls, delegate-calls, static-calls, and ends as that ended
    (if (i32.lt_u (local.get $act) (i32.const 5)) (then
      (return (call $relay
        (i32.ne (call $forward (local.get $act) (local.get $length)) (i32.const 0))))))
    ;; 5: creates with the bytes after the first and the value that came; returns the address
    (if (i32.eq (local.get $act) (i32.const 5)) (then
      (call $value (i32.const 0xf020))
      (call $create (i32.const 1) (i32.sub (local.get $length) (i32.const 1))
        (i32.const 0xf020) (i32.const 0x800c) (i32.const 0xf040))
      (return (call $answer (i32.const 32) (i32.const 0)))))
    ;; 6: stores, then reverts with the word
    (if (i32.eq (local.get $act) (i32.const 6)) (then
      (call $store)
      (call $write_result (i32.const 1) (i32.const 32))
      (return (i32.const 1))))
    ;; 7: returns whether it was re-entered
    (if (i32.eq (local.get $act) (i32.const 7)) (then
      (i32.store8 (i32.const 0x801f) (call $reentrant))
      (return (call $answer (i32.const 32) (i32.const 0)))))
    ;; 8: logs the word as topic and what follows as data
    (if (i32.eq (local.get $act) (i32.const 8)) (then
      (call $log (i32.const 1) (i32.sub (local.get $length) (i32.const 1)) (i32.const 1))
      (return (i32.const 0))))
    ;; 9: returns value, sender, own address and block number (little-endian), 32 bytes each
    (if (i32.eq (local.get $act) (i32.const 9)) (then
      (call $value (i32.const 0x8000))
      (call $sender (i32.const 0x802c))
      (call $self (i32.const 0x804c))
      (i64.store (i32.const 0x8060) (call $number))
      (return (call $answer (i32.const 128) (i32.const 0)))))
    ;; 10: traps
    (if (i32.eq (local.get $act) (i32.const 10)) (then (unreachable)))
    ;; 11: loops until the ink is gone
    (if (i32.eq (local.get $act) (i32.const 11)) (then (loop $again (br $again))))
    ;; 12: calls as 2 does, but goes on whatever happens: returns 1 if the call succeeded
    (if (i32.eq (local.get $act) (i32.const 12)) (then
      (i32.store8 (i32.const 0x801f)
        (i32.eqz (call $forward (i32.const 2) (local.get $length))))
      (return (call $answer (i32.const 32) (i32.const 0)))))
    (i32.const 1)))
