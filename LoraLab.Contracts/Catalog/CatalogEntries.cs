using System.Text.Json.Nodes;

namespace LoraLab.Contracts.Catalog;

/// <summary>A model folder.</summary>
public sealed record ModelEntry
{
    /// <summary>Name used in specifications.</summary>
    public required string Name { get; init; }

    /// <summary>True if runs can use it.</summary>
    public bool Usable { get; init; }

    /// <summary>Why it cannot be used, in one sentence; null: it can.</summary>
    public string? Problem { get; init; }

    /// <summary>Family of the model, such as "Qwen 3"; null: unknown.</summary>
    public string? Family { get; init; }

    /// <summary>Precision of the matrices in the files, such as BF16; several are separated by commas. Null: unknown.</summary>
    public string? Precision { get; init; }

    /// <summary>Name of the license file in the folder; null: it has none.</summary>
    public string? LicenseFile { get; init; }

    /// <summary>Parameter count computed from the configuration; 0: unknown.</summary>
    public long Parameters { get; init; }

    /// <summary>Number of blocks.</summary>
    public int Layers { get; init; }

    /// <summary>Hidden size of the model.</summary>
    public int HiddenSize { get; init; }

    /// <summary>Vocabulary size.</summary>
    public int VocabularySize { get; init; }

    /// <summary>Maximum context length in tokens.</summary>
    public int ContextLength { get; init; }

    /// <summary>Bytes of the weight files.</summary>
    public long WeightBytes { get; init; }

    /// <summary>Names of the linear layers that can be adapted.</summary>
    public IReadOnlyList<string> LinearModules { get; init; } = [];

    /// <summary>Estimated memory of training it, by method.</summary>
    public IReadOnlyList<ModelMemory> Memory { get; init; } = [];

    /// <summary>
    /// Memory with which <see cref="Memory"/> is to be compared, MiB: the budget if there is one, else that of the device; null: unknown.
    /// </summary>
    public double? MemoryLimitMb { get; init; }

    /// <summary>True if the server downloaded it or made it of an upload, so that it can be deleted with the API.</summary>
    public bool Deletable { get; init; }

    /// <summary>True for the bundled sample.</summary>
    public bool Toy { get; init; }

    /// <summary>Commit of the downloaded revision, or of the snapshot in a Hugging Face cache; null: unknown.</summary>
    public string? Commit { get; init; }

    /// <summary>Branch, tag or commit that was requested when it was downloaded; null: unknown.</summary>
    public string? Revision { get; init; }
}

/// <summary>A dataset folder.</summary>
public sealed record DatasetEntry
{
    /// <summary>Name used in specifications.</summary>
    public required string Name { get; init; }

    /// <summary>True if runs can use it.</summary>
    public bool Usable { get; init; }

    /// <summary>Why it cannot be used, in one sentence; null: it can.</summary>
    public string? Problem { get; init; }

    /// <summary>Id of its task; null: unknown, because it cannot be used.</summary>
    public string? Task { get; init; }

    /// <summary>Key of the metric by which its runs are compared; null: unknown, because it cannot be used.</summary>
    public string? Metric { get; init; }

    /// <summary>Names of its text columns, which a prompt can contain in braces.</summary>
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>Prompt of runs that name none; null: unknown, because it cannot be used.</summary>
    public string? Prompt { get; init; }

    /// <summary>Labels in label order.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Training rows.</summary>
    public int TrainRows { get; init; }

    /// <summary>Evaluation rows.</summary>
    public int EvalRows { get; init; }

    /// <summary>Training rows per label.</summary>
    public IReadOnlyDictionary<string, int> TrainLabels { get; init; } = new Dictionary<string, int>();

    /// <summary>Evaluation rows per label.</summary>
    public IReadOnlyDictionary<string, int> EvalLabels { get; init; } = new Dictionary<string, int>();

    /// <summary>What looks wrong in its files, but does not prevent their use.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Settings with which a first run of it is useful, as its manifest has them; null: the defaults.</summary>
    public JsonObject? Run { get; init; }

    /// <summary>True if the server downloaded it or made it of an upload, so that it can be deleted with the API.</summary>
    public bool Deletable { get; init; }

    /// <summary>True for the bundled sample.</summary>
    public bool Toy { get; init; }

    /// <summary>Commit of the downloaded revision, or of the snapshot in a Hugging Face cache; null: unknown.</summary>
    public string? Commit { get; init; }

    /// <summary>Branch, tag or commit that was requested when it was downloaded; null: unknown.</summary>
    public string? Revision { get; init; }
}
