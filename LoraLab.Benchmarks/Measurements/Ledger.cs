using LoraLab.Benchmarks.Protocol;
using LoraLab.Benchmarks.Workloads;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Memory;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Specs;
using LoraLab.Training.Tasks.Classification;
using LoraLab.Training.Training.Gradients;

namespace LoraLab.Benchmarks.Measurements;

/// <summary>
/// Floating-point operations of frozen products in the paper's whole run, by the closed form that a test compares with the ledger; needs no
/// clock and no weights.
/// </summary>
internal sealed class Ledger : IMeasurement
{
    // Memory of the paper's GPU, which determines the size of a pass.
    private const double MemoryBytes = 8.0 * 1024 * 1024 * 1024;

    /// <inheritdoc />
    public string Name => "ledger";

    /// <inheritdoc />
    public string Description => "issued FLOPs of the paper's whole run (20,000 sentences, evaluation every 50 steps), ours / literal";

    /// <inheritdoc />
    public IReadOnlyList<Finding> Run(Bench bench)
    {
        RunSpec spec = Specs.AllLinear;
        LlamaConfig config = LlamaConfig.Read(bench.TinyLlama);
        ClassificationData data = PaperData.Read(bench, spec);
        RunSchedule plan = RunSchedule.From(spec, data.Train.Length);
        FlopEstimate flops = new(config, [.. config.Block.Linears.Select(shape => shape.Name)]);
        int evaluations = 1 + plan.EvaluationsAfter(0);

        double literalTraining =
            data.Train.Sum(example => (double)flops.Training(example.Ids.Length - 1, example.TargetCount));
        double literalEvaluation =
            evaluations * data.Evaluation.Sum(example => (double)flops.Forward(example.PromptIds.Length, example.PromptIds.Length));
        double training = Training(spec, config, data, plan, flops, share: true);
        double packedTraining = Training(spec, config, data, plan, flops, share: false);
        using ClassificationEvaluation passes = data.CreateEvaluation(config, TorchSharp.torch.CPU);
        double evaluation = evaluations * passes.Passes.Sum(pass => (double)flops.Evaluation(pass.Rows, pass.HeadRows));

        long tokens = data.Train.Sum(example => (long)example.Ids.Length);
        Finding whole = Share(
            Description,
            (training + evaluation) / (literalTraining + literalEvaluation),
            literalTraining + literalEvaluation,
            training + evaluation) with
        {
            Target = Target.NoMoreThan(0.75, 0.72),
            Note = $"printed prompt, {tokens:N0} training tokens, {plan.TotalSteps:N0} steps, {evaluations} evaluations of "
                + $"{data.Evaluation.Count} rows; literal: one sentence per pass, evaluation with logits at every position",
        };
        return
        [
            whole.WithVerdict(),
            Share("training only, packed with shared prefix / literal", training / literalTraining, literalTraining, training),
            Share("training only, packed / literal", packedTraining / literalTraining, literalTraining, packedTraining),
            Share("evaluation only, ours / literal", evaluation / literalEvaluation, literalEvaluation, evaluation),
        ];
    }

    private static double Training(
        RunSpec spec, LlamaConfig config, ClassificationData data, RunSchedule plan, FlopEstimate flops, bool share)
    {
        PassLimits limits = PackingRule.Resolve(spec, config, data.Train.Max(example => example.Ids.Length), gpu: true, MemoryBytes) with
        {
            SharePrefix = share,
        };
        using TrainingPasses passes = new(plan, data.Train, limits, spec.LossWeighting, config, TorchSharp.torch.CPU);
        return passes.Windows.SelectMany(window => window).Sum(pass => (double)flops.Training(pass.Layout.Rows, pass.TargetRows));
    }

    private Finding Share(string what, double share, double literal, double ours) => new()
    {
        Measurement = Name,
        Description = what,
        A = "literal",
        B = "ours",
        Unit = "B / A",
        Value = new(share, share, share),
        Details = new Dictionary<string, double> { ["A, PFLOP"] = literal / 1e15, ["B, PFLOP"] = ours / 1e15 },
    };
}
