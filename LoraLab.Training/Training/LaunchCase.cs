using LoraLab.Contracts.Runs;
using static TorchSharp.torch;

namespace LoraLab.Training.Training;

/// <summary>
/// A kind of step whose operators <see cref="LaunchCount"/> counts, and how many it may issue at most: the table of
/// <c>docs/performance.md</c>. Who changes a kernel that more than one kind takes sees here what it costs the others.
/// </summary>
/// <param name="Name">Name in the table.</param>
/// <param name="Limit">Most operators of a step with <see cref="Blocks"/> blocks in bf16.</param>
internal sealed record LaunchCase(string Name, int Limit)
{
    /// <summary>Blocks of the counted model, as many as TinyLlama has.</summary>
    public const int Blocks = 22;

    /// <summary>All kinds. The first two are targets; methods and norms that joined blocks do not have take the general kernels.</summary>
    public static IReadOnlyList<LaunchCase> All { get; } =
    [
        new("lora, q and v", 2000) { Targets = TargetModules.Of("q_proj", "v_proj") },
        new("lora, all-linear", 2600),
        new("lora, all-linear, dropout", 4400) { Dropout = 0.1 },
        new("lora-xs, all-linear", 5550) { Method = "lora-xs" },
        new("dora, all-linear", 10350) { Method = "dora" },
        new("adalora, all-linear", 19000) { Method = "adalora" },
        new("lora, all-linear, Qwen 3", 2900) { ModelType = "qwen3" },
        new("lora, all-linear, Gemma 3", 7700) { ModelType = "gemma3_text" },
    ];

    /// <summary>Family of the model.</summary>
    public string ModelType { get; init; } = "llama";

    /// <summary>Method.</summary>
    public string Method { get; init; } = "lora";

    /// <summary>The adapted layers.</summary>
    public TargetModules Targets { get; init; } = TargetModules.AllLinear;

    /// <summary>Probability of dropout.</summary>
    public double Dropout { get; init; }

    /// <summary>The operators of its step by name.</summary>
    /// <param name="dtype">Precision of the frozen weights.</param>
    /// <param name="device">Device of the step.</param>
    /// <param name="blocks">Number of blocks.</param>
    public IReadOnlyDictionary<string, int> Count(ScalarType dtype, Device device, int blocks = Blocks) =>
        LaunchCount.OfStep(this, blocks, dtype, device);
}
