using System.Globalization;
using System.Text;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Memory;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Tasks.Classification;

namespace LoraLab.Training.Training.Memory;

/// <summary>
/// Which models fit a GPU of a size, from their configurations alone: bf16 weights and windows of 16 sentences of 64 tokens. The CUDA
/// context, 300 to 500 MiB, is not included.
/// </summary>
public static class FitTable
{
    private const int Sentences = 16, Tokens = 64;
    private const double Mebibyte = 1024 * 1024;

    private static readonly (string Title, RunSpec Spec)[] _runs =
    [
        ("rank 8, q and v", new RunSpec { Rank = 8, Precision = Precision.Bf16 }),
        ("rank 32, all linear", new RunSpec { Rank = 32, TargetModules = TargetModules.AllLinear, Precision = Precision.Bf16 }),
    ];

    /// <summary>The run on a base in four bits.</summary>
    public static RunSpec FourBits { get; } = new()
    {
        Rank = 16,
        TargetModules = TargetModules.AllLinear,
        Precision = Precision.Bf16,
        BaseWeights = BaseWeights.Nf4Double,
    };

    /// <summary>The small and the large adapter of the table.</summary>
    public static IReadOnlyList<RunSpec> Runs { get; } = [.. _runs.Select(run => run.Spec)];

    /// <summary>The table in Markdown.</summary>
    /// <param name="configurations">Paths of configurations; a file's name without its extension is the model's.</param>
    /// <param name="budgetMb">Memory of the card, MiB.</param>
    public static string Markdown(IEnumerable<string> configurations, int budgetMb)
    {
        StringBuilder table = new();
        table.Append("| Model | Parameters | Weights |").AppendJoin("", _runs.Select(run => $" {run.Title} |"))
            .Append(" weights in nf4-double | rank 16, all linear, nf4-double |\n");
        table.Append("|---|---:|---:|").AppendJoin("", _runs.Select(_ => "---:|")).Append("---:|---:|\n");
        foreach (string path in configurations)
        {
            LlamaConfig config = LlamaConfig.ReadFile(path);
            string[] totals = [.. _runs.Select(run => Total(Estimate(run.Spec, config, budgetMb), budgetMb))];
            double weights = MemoryEstimator.Weights(Request(_runs[0].Spec, config, budgetMb)) / Mebibyte;
            table.Append(CultureInfo.InvariantCulture, $"| {Path.GetFileNameWithoutExtension(path)} | {config.ParameterCount / 1e6:#,0} M ")
                .Append(CultureInfo.InvariantCulture, $"| {weights:#,0} MiB |")
                .AppendJoin("", totals.Select(total => $" {total} |"))
                .Append(Quantized(config, budgetMb)).Append('\n');
        }

        return table.ToString();
    }

    /// <summary>Peak memory of a run, without the process itself.</summary>
    /// <param name="spec">The specification with the resolved precision.</param>
    /// <param name="config">Shape of the model.</param>
    /// <param name="budgetMb">Memory of the device, or the budget if it is smaller, MiB.</param>
    /// <param name="gpu">Whether the device is a GPU.</param>
    /// <param name="processBytes">Bytes of the process itself.</param>
    public static MemoryEstimate Estimate(RunSpec spec, LlamaConfig config, int budgetMb, bool gpu = true, double processBytes = 0) =>
        MemoryEstimator.Of(MemoryEstimator.Fitting(Request(spec, config, budgetMb, gpu) with { ProcessBytes = processBytes }));

    // A model that is stored in four bits has no other weights.
    private static string Quantized(LlamaConfig config, int budgetMb)
    {
        LlamaConfig quantized = config.WithBase(BaseWeights.Nf4Double);
        double weights = MemoryEstimator.Weights(Request(FourBits, quantized, budgetMb)) / Mebibyte;
        return string.Create(
            CultureInfo.InvariantCulture, $" {weights:#,0} MiB | {Total(Estimate(FourBits, quantized, budgetMb), budgetMb)} |");
    }

    private static MemoryRequest Request(RunSpec spec, LlamaConfig config, int budgetMb, bool gpu = true)
    {
        // Where queries, keys and values are one layer, that layer stands for queries and values.
        string[] names = [.. config.Block.Linears.Select(linear => linear.Name)];
        RunSpec adapted = spec.TargetModules.Names is IReadOnlyList<string> asked && !asked.All(names.Contains)
            ? spec with { TargetModules = TargetModules.Of(names[0]) }
            : spec;
        PassLimits limits = PackingRule.Resolve(adapted, config, Tokens, gpu, budgetMb * Mebibyte);
        int sentences = limits.Tokens is int tokens ? Math.Clamp(tokens / Tokens, 1, Sentences) : Sentences;
        int evaluated = Math.Max(1, ClassificationEvaluation.TokensPerPass(config) / Tokens);
        return new()
        {
            Config = config,
            Spec = adapted,
            Adapters = MemoryRequest.AdaptersOf(adapted, config),
            Training = [PassShape.Largest(sentences, Tokens, prefix: 0)],
            Evaluation = [PassShape.Largest(evaluated, Tokens, prefix: 0) with { HeadRows = evaluated }],
            Gpu = gpu,
            BudgetMb = budgetMb,
        };
    }

    private static string Total(MemoryEstimate estimate, int budgetMb) =>
        string.Create(CultureInfo.InvariantCulture, $"{estimate.TotalMb:#,0} MiB{(estimate.TotalMb <= budgetMb ? "" : ", too large")}");
}
