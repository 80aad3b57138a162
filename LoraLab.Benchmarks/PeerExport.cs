using System.Text.Json;
using LoraLab.Benchmarks.Measurements;
using LoraLab.Benchmarks.Protocol;
using LoraLab.Benchmarks.Workloads;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Files.Safetensors;
using LoraLab.Training.Models;
using LoraLab.Training.Tasks.Classification;
using LoraLab.Training.Torch;
using LoraLab.Training.Training;
using LoraLab.Training.Training.Gradients;
using static TorchSharp.torch;

namespace LoraLab.Benchmarks;

/// <summary>
/// Input of <c>bench/peft_peers.py</c>: a model with the shape of the paper's, an adapter, the sentences of some steps, the losses of each
/// implementation of the engine on them, and the window that the step rows time. A peer is timed only if its losses match.
/// </summary>
/// <param name="Layers">Blocks of the model.</param>
/// <param name="Dtype">Precision of its weights.</param>
/// <param name="Spec">The adapters.</param>
internal sealed record PeerExport(int Layers, ScalarType Dtype, RunSpec Spec)
{
    private const int Steps = 20;
    private const int EvaluationRows = 109;

    private static readonly JsonSerializerOptions _plain = new() { WriteIndented = false };

    /// <summary>Writes the files; returns the exit code.</summary>
    public int Write(Bench bench)
    {
        // As many sentences as in the step rows, so that the typical window is theirs.
        RunSpec spec = Spec with { TrainSamples = StepTinyLlama.Sentences, Schedule = LearningRateSchedule.Constant };
        LlamaConfig config = RandomWeights.TinyLlama(bench.TinyLlama, Layers);
        using (PreparedRun start = Prepare(bench, spec, config))
        {
            SafetensorsWriter.Write(
                Path.Combine(bench.Output, "model.safetensors"),
                start.Model.NamedWeights().ToDictionary(),
                new Dictionary<string, string> { ["format"] = "pt" });
            PeftExport.Write(Path.Combine(bench.Output, "adapter"), start.Adapters, spec, Versions.LoraLab);
        }

        (int Step, IEnumerable<int[]> Window) timed;
        using (StepWorkload work = new(bench, Prepare(bench, spec, config)))
        {
            timed = (work.TypicalStep, [.. work.Run.Window(work.TypicalStep).Select(example => example.Ids)]);
        }

        double[] literal = Losses(bench, Prepare(bench, spec, config), work => work.Literal);
        double[] packed = Losses(bench, Prepare(bench, spec, config), work => work.Packed);
        double[] shared = Losses(bench, Prepare(bench, spec, config), work => work.Shared);
        using PreparedRun run = Prepare(bench, spec, config);
        File.WriteAllText(Path.Combine(bench.Output, "workload.json"), JsonSerializer.Serialize(
            new
            {
                config = new
                {
                    hidden_size = config.HiddenSize,
                    intermediate_size = config.IntermediateSize,
                    num_hidden_layers = config.Layers,
                    num_attention_heads = config.Heads,
                    num_key_value_heads = config.KeyValueHeads,
                    vocab_size = config.VocabularySize,
                    max_position_embeddings = config.ContextLength,
                    rms_norm_eps = config.RmsNormEpsilon,
                    rope_theta = config.Rope.Theta,
                    tie_word_embeddings = config.TiedHead,
                },
                rank = spec.Rank,
                alpha = spec.Alpha,
                targets = config.Block.Linears.Select(shape => shape.Name),
                learningRate = run.Method.LearningRate(spec, AdapterFactor.A.Name()),
                maxGradNorm = spec.MaxGradNorm,
                steps = Enumerable.Range(1, Steps).Select(step => run.Window(step).Select(example => example.Ids)),
                timed = new { step = timed.Step, window = timed.Window },
                evaluation = ((ClassificationData)run.Data).Evaluation.Select(example =>
                    new { ids = example.PromptIds, labels = example.LabelIds.Select(ids => ids[0]) }),
                losses = new { literal, packed, shared },
            },
            _plain));
        double worst = literal.Select((loss, i) => Math.Max(Math.Abs(packed[i] - loss), Math.Abs(shared[i] - loss)) / loss).Max();
        Console.WriteLine(FormattableString.Invariant(
            $"{Steps} steps; the losses of the three implementations agree within {worst:E1}. Written to {bench.Output}"));
        return 0;
    }

    private PreparedRun Prepare(Bench bench, RunSpec spec, LlamaConfig config) =>
        Preparation.Random(bench, spec, config, Dtype, EvaluationRows);

    private static double[] Losses(Bench bench, PreparedRun run, Func<StepWorkload, IWindowGradient> select)
    {
        using StepWorkload work = new(bench, run);
        return [.. Enumerable.Range(1, Steps).Select(step =>
        {
            using IDisposable scope = NewDisposeScope();
            work.BeginStep();
            Tensor loss = select(work).Accumulate(step, work.Progress.Scaler.Scale, CancellationToken.None);
            work.Update(step, loss);
            return TensorReader.Doubles(loss)[0];
        })];
    }
}
