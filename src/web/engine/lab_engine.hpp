// The library for the lab's page: a C interface over run/, view/, study/ and generate/. It computes nothing of its own;
// each function reads its arguments, calls the library and writes JSON.
//
// Every function returns a JSON text in UTF-8, which stays valid until the next call: the result that is described
// with it, or
//
//   {"error": "bad --text: 'x?': ...", "fault": "usage", "option": "--text"}
//
// `error` is the program's one line, `fault` one of usage, data, checkpoint, io and numeric, and `option` is there if
// the line blames one. A number that is not finite is one of the strings "nan", "inf" and "-inf" (docs/pages.md).
//
// Files. The lab has folders of its own in memory, and paths mean what they mean to the program. A run that lab_start
// began is the run folder /runs/lab-1, /runs/lab-2, ..., with text.txt, config.json, metrics.jsonl and checkpoints/;
// whatever is dropped on the page is put there with lab_write. Every model has a path too, so that it can be named where
// a view takes a FILE, RUN or model: `diff` has A and B.
//
// Handles. A session is a run that is being trained; a model is frozen weights. Both are whole numbers from 1 on, and an
// unknown one is an error.
#pragma once

#include <cstddef>

extern "C" {

// --- memory and files ---

/// Room for so many bytes, to be filled before lab_write; it is given back with lab_free.
void* lab_allocate(std::size_t size);
void lab_free(void* bytes);

/// Puts a file into the lab's memory, in place of one of the same path; folders are made. {"path", "bytes": N}
const char* lab_write(const char* path, const void* bytes, std::size_t size);
/// A file: {"path", "bytes": N, "at": POINTER}; the bytes stay valid until the next call.
const char* lab_read(const char* path);
/// Every file in a folder and below it: {"files": [{"path", "bytes"}, ...]}, by path.
const char* lab_files(const char* folder);
/// Removes a file, or a folder with all that is in it: {}.
const char* lab_remove(const char* path);

// --- what there is ---

/// {"version": "0.2.0", "kernels": "wasm (...)", "page_format_version": 1,
///  "specs": [{"name": "attention", "kind": "study" or "explain", "about", "example",
///             "needs": "nothing", "model" or "model_or_example",
///             "options": [{"name": "--top", "kind": "flag", "whole", "number", "text" or "texts", "about",
///                          "value_name": "TOKEN" or null, "default": "20" or null, "low": 0, "high": 1000,   (of whole)
///                          "excludes": ["--each"], "group": null, "required": false, "is_amount": true}]}]}
const char* lab_about();

// --- training ---

/// The program's rule of choice (docs/recipes.md). `options`: {"seconds": 5, "set": ["model.n_embd=32"]}; both may be
/// missing. The machine's speed is measured, which takes about a tenth of the seconds.
/// {"config": {...}, "reasons": [3 sentences], "n_parameters": N}
const char* lab_choose(const char* text, const char* options);

/// Begins a run. `options`: {"config": a config (docs/config.md; missing keys have their defaults; data.path is the
/// lab's), "set": ["train.steps=500", ...], "name": "names"}; all may be missing.
/// {"session", "folder": "/runs/names-1", "config": {...}, "vocabulary": ["'a'", ..., "BOS"], "n_parameters",
///  "steps": N,                                                       all that it is going to do
///  "documents": N (0 of a stream), "characters": N, "held_out": N,    of the text; of documents or of characters
///  "notices": ["..."]}                                                about the text, mostly none
const char* lab_start(const char* text, const char* options);

/// Takes up a run folder in memory for so many steps in all (0: those it has), as `train --resume` does. The result is
/// that of lab_start with "step" in it.
const char* lab_resume(const char* folder, int steps);

/// Trains until `steps` steps are done, `milliseconds` have passed or the run is over, at least one step.
/// {"step": after the last, "first": the step of losses[0], "losses": [of each step], "learning_rate", "grad_norm"
///  (null unless train.grad_clip is on), "characters": N, "seconds", "held_out": [{"step", "loss", "is_best"}],
///  "done": bool, "memorises": bool, "summary": null until done, then as lab_summary}
/// If training breaks down: {"error", "fault": "numeric", "step": N}. The run is then back at step N, its last good one.
const char* lab_train(int session, int steps, double milliseconds);

/// {"step", "mean_loss": of the last "mean_steps" steps, "held_out_loss" or null, "best": {"step", "loss"} or null,
///  "stopped_early", "memorised", "says": a sentence or null, "guessing": nats, "characters_per_second"}
const char* lab_summary(int session);

/// What a model has to beat, measured on the held-out text (or, without one, on the training text itself), in nats per
/// character; takes a second for a megabyte: {"of": "val" or "train", "baselines": [{"name": "uniform", "nats": 3.2958},
/// then unigram, bigram, trigram, 4-gram and 5-gram]}
const char* lab_baselines(int session);

/// The loss on the held-out text, which is measured now, and the mean of the last 100 steps: {"held_out": nats or null,
/// "train": nats}. Nothing of the run changes.
const char* lab_evaluate(int session);

/// Ends a run and begins it anew, from the same first weights, as lab_start with its config. The result is that of
/// lab_start, with the same session. Models that were made of the run stay.
const char* lab_restart(int session);
/// Ends a run. Its folder and the models that were made of it stay: {}
const char* lab_close(int session);

/// A frozen copy of the run as it is, kept in the run's folder as checkpoints/step-*.safetensors; the result is that of
/// lab_open.
const char* lab_snapshot(int session);

// --- models ---

/// The model that a path in memory means: a checkpoint, or of a run folder its best weights, or its last.
/// {"model", "path": of the file, "step", "config": {...}, "n_parameters", "vocabulary": ["'a'", ..., "BOS"],
///  "held_out_loss": as recorded, or null, "has_moments": whether it can be trained on, "warnings": ["..."],
///  "text": path of its own text in memory, or null if that is not there,
///  "steps": [of a run folder: the steps of its checkpoints, in order]}
const char* lab_open(const char* path, int last);

/// A model with parts of another's changed, for every function here that takes a model. `edits` is an array of objects:
///   {"off": "layer0.attn.z[head 2]"}       a head; or a neuron "layer0.mlp.post[neuron 17]", all heads of a layer
///                                          "layer0.attn.out", its MLP "layer0.mlp.out", all positions "embed.position",
///                                          one position "embed.position[position 3]": addresses of `study ablate`
///   {"weight": "layer0.attn_wq[3,5]", "to": 0.25}
///   {"from": 2, "at": "layer0.attn.z[head 2]"}         the weights of this part as model 2 has them
/// The result is that of lab_open: the weights differ, so all views of it, samples, losses and the saved file do.
const char* lab_edit(int model, const char* edits);

/// The model's file, as the program reads it: {"path", "bytes": N, "at": POINTER}
const char* lab_save(int model);
/// Forgets a model. Its file goes too, if it is none of a run: {}
const char* lab_drop(int model);

// --- looking at models ---

/// A page: the JSON of docs/pages.md, with every digit. `kind` is study or explain. `model` is 0 for a view that needs
/// none. `options`: {"--text": "emma", "--top": 5, "--ov": true, "--at": ["...", "..."]}: names as in lab_about, values as
/// on the command line, as text, number, true, or, for an option that may be repeated, a list. Where the program would
/// warn, the page has one more key, "warnings": ["..."].
const char* lab_page(int model, const char* kind, const char* name, const char* options);

/// The same page as a file: format "svg" (the figures), "csv" (a table) or "text" (80 columns); of one section, or if
/// `section` is empty of all that have one. {"text": "..."}
const char* lab_export(int model, const char* kind, const char* name, const char* options, const char* format,
                       const char* section);

/// What comes after each token of a text. {"tokens": [ids, BOS first], "labels": ["BOS", "'e'", ...],
///  "vocabulary": [labels of all tokens], "probabilities": [[of each token], ... at each position],
///  "nll": [nats of what did come next, the end of the text the last], "loss": their mean}
const char* lab_predict(int model, const char* text);

/// Texts. `options`, as those of `sample`, each of which may be missing: {"count": 20, "seed": 42, "prompt": "",
/// "temperature", "top_k", "top_p", "min_p", "max_chars" (of the run), "stop": ["..."]}.
/// {"seed", "temperature", "top_k", "top_p", "min_p", "max_chars", "prompt", "stop",
///  "samples": [{"text", "probabilities": [of each character], "end": probability of the end, or null,
///               "stopped_by": null, "new": whether it is not in the training text, null if that is not there}],
///  "fresh": how many are new}
const char* lab_sample(int model, const char* options);

/// The loss on the held-out text (of a run without one: on the training text), of at most about so many characters, 0 for
/// all: {"loss": nats per character, "characters": N, "split": "val" or "all"}
const char* lab_held_out(int model, int characters);

// --- speed ---

/// The names of the settings: {"settings": ["names-c16-b1-t1", ...]}; or, of one, its page as `bench --json` has it after
/// so many rounds of about 50 ms.
const char* lab_bench(const char* setting, int rounds);
}
