namespace LoraLab.Training.Data;

/// <summary>A dataset in memory, read by <see cref="DatasetReader"/>.</summary>
public sealed class ClassificationDataset
{
    /// <summary>Name by which specifications refer to it.</summary>
    public required string Name { get; init; }

    /// <summary>Label words in label order, at least two.</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>Training rows in file order, at least one.</summary>
    public required IReadOnlyList<LabeledSentence> Train { get; init; }

    /// <summary>Evaluation rows in file order, at least one.</summary>
    public required IReadOnlyList<LabeledSentence> Dev { get; init; }

    /// <summary>True for a toy dataset, whose results say nothing about methods.</summary>
    public bool Toy { get; init; }

    /// <summary>Source files, training file first, with their hashes for the fingerprint.</summary>
    public IReadOnlyList<DatasetFile> Files { get; init; } = [];
}
