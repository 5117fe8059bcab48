// A flag for the processes of tests, in which many drain threads begin and end.

/**
 * V8 may free a wrapper between WebAssembly and JavaScript twice where several threads of a process have the same module, undici's parser
 * here, and then ends the process (`Check failed: jit_page.has_value()`, in TierUpWasmToJSWrapper). Wrappers that are never made quicker are
 * never freed.
 */
export const KEEP_WASM_WRAPPERS: string[] = ['--wasm-wrapper-tiering-budget=2000000000'];
