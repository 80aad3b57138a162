using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Data;

namespace LoraLab.Training.Tasks.Classification;

/// <summary>A dataset of labeled sentences, read by <see cref="ClassificationReader"/>.</summary>
public sealed class ClassificationDataset : Dataset
{
    /// <summary>Label words in label order, at least two.</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>Training rows in file order, at least one.</summary>
    public required IReadOnlyList<LabeledSentence> Train { get; init; }

    /// <summary>Evaluation rows in file order, at least one.</summary>
    public required IReadOnlyList<LabeledSentence> Dev { get; init; }

    /// <inheritdoc />
    public override DatasetEntry Entry => new()
    {
        Name = Name,
        Usable = true,
        Labels = Labels,
        TrainRows = Train.Count,
        EvalRows = Dev.Count,
        TrainLabels = Count(Train),
        EvalLabels = Count(Dev),
        Toy = Toy,
    };

    /// <inheritdoc />
    public override ClassificationRows Select(RunSpec spec)
    {
        TrainingSubset<LabeledSentence> subset = TrainingSubset<LabeledSentence>.Select(Name, Train, spec);
        IReadOnlyList<LabeledSentence> evaluation = spec.EvalSplit == EvalSplit.Selection
            ? SelectionSplit.Select(this, subset.Consumed, subset.Remaining)
            : Dev;
        return new(spec, this, subset.Consumed, [.. evaluation.Take(spec.EvalSamples ?? int.MaxValue)]);
    }

    /// <summary>Returns the number of rows of each label.</summary>
    internal Dictionary<string, int> Count(IReadOnlyList<LabeledSentence> rows)
    {
        int[] counts = new int[Labels.Count];
        foreach (LabeledSentence row in rows)
        {
            counts[row.Label]++;
        }

        return Labels.Select((word, i) => (word, counts[i])).ToDictionary(pair => pair.word, pair => pair.Item2);
    }
}
