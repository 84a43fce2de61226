;; Memory that cannot grow needs nobody to pay for its growth, so that `memory.grow` never
;; left the interpreter here. Its handler for that operator keeps a frame on the native
;; stack, which a loop then filled.
(module
  (memory (export "memory") 1 1)
  (func (export "user_entrypoint") (param i32) (result i32)
    (loop $again
      (drop (memory.grow (i32.const 0)))
      (br $again))
    (i32.const 0)))
