namespace LoraLab.Contracts.Catalog;

/// <summary>A model folder.</summary>
public sealed record ModelEntry
{
    /// <summary>Name in a specification.</summary>
    public required string Name { get; init; }

    /// <summary>Whether runs can use it.</summary>
    public bool Usable { get; init; }

    /// <summary>Why not, in one sentence.</summary>
    public string? Problem { get; init; }

    /// <summary>All parameters by the configuration; 0 when unknown.</summary>
    public long Parameters { get; init; }

    /// <summary>Number of blocks.</summary>
    public int Layers { get; init; }

    /// <summary>Width.</summary>
    public int HiddenSize { get; init; }

    /// <summary>Vocabulary size.</summary>
    public int VocabularySize { get; init; }

    /// <summary>Longest context in tokens.</summary>
    public int ContextLength { get; init; }

    /// <summary>Bytes of the weight files.</summary>
    public long WeightBytes { get; init; }

    /// <summary>Names of the linear layers that can be targets.</summary>
    public IReadOnlyList<string> LinearModules { get; init; } = [];

    /// <summary>True for the bundled toy.</summary>
    public bool Toy { get; init; }
}

/// <summary>A data set folder.</summary>
public sealed record DatasetEntry
{
    /// <summary>Name in a specification.</summary>
    public required string Name { get; init; }

    /// <summary>Whether runs can use it.</summary>
    public bool Usable { get; init; }

    /// <summary>Why not, in one sentence.</summary>
    public string? Problem { get; init; }

    /// <summary>Label words in label order.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Training rows.</summary>
    public int TrainRows { get; init; }

    /// <summary>Evaluation rows.</summary>
    public int EvalRows { get; init; }

    /// <summary>Training rows of each label.</summary>
    public IReadOnlyDictionary<string, int> TrainLabels { get; init; } = new Dictionary<string, int>();

    /// <summary>Evaluation rows of each label.</summary>
    public IReadOnlyDictionary<string, int> EvalLabels { get; init; } = new Dictionary<string, int>();

    /// <summary>True for the bundled toy.</summary>
    public bool Toy { get; init; }
}
