using LoraLab.Contracts.Runs;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Data;

/// <summary>The rows that a run trains on and is evaluated on, chosen as the contract says.</summary>
public sealed class TrainingSubset
{
    private TrainingSubset(IReadOnlyList<LabeledSentence> consumed, IReadOnlyList<LabeledSentence> evaluation)
    {
        Consumed = consumed;
        Evaluation = evaluation;
    }

    /// <summary>Training rows in the order in which every epoch consumes them.</summary>
    public IReadOnlyList<LabeledSentence> Consumed { get; }

    /// <summary>Evaluation rows in order; with the selection split their rows count in the training file.</summary>
    public IReadOnlyList<LabeledSentence> Evaluation { get; }

    /// <summary>Chooses the rows of a run.</summary>
    /// <param name="data">Data set of the run.</param>
    /// <param name="spec">Its specification: dataSeed, dataOffset, trainSamples, orderSeed, evalSplit and evalSamples count here.</param>
    /// <exception cref="RunFailure">A number is out of range, or the selection split has too few rows.</exception>
    public static TrainingSubset Select(ClassificationDataset data, RunSpec spec)
    {
        Require(spec.TrainSamples >= 1, "trainSamples", $"'trainSamples' is {spec.TrainSamples}; it must be 1 or more.");
        Require(spec.DataSeed is null or >= 0, "dataSeed", $"'dataSeed' is {spec.DataSeed}; it must be 0 or more, or null for the file's order.");
        Require(spec.OrderSeed is null or >= 0, "orderSeed", $"'orderSeed' is {spec.OrderSeed}; it must be 0 or more, or null for the subset's own order.");
        Require(spec.EvalSamples is null or >= 1, "evalSamples", $"'evalSamples' is {spec.EvalSamples}; it must be 1 or more, or null for all rows.");
        Require(
            spec.DataOffset >= 0 && spec.DataOffset < data.Train.Count,
            "dataOffset",
            $"'dataOffset' is {spec.DataOffset}; data set '{data.Name}' has {data.Train.Count} training rows, so it must be 0 to {data.Train.Count - 1}.");

        IReadOnlyList<LabeledSentence> all = Permute(data.Train, spec.DataSeed);
        int end = (int)Math.Min(data.Train.Count, (long)spec.DataOffset + spec.TrainSamples);
        LabeledSentence[] chosen = [.. all.Skip(spec.DataOffset).Take(end - spec.DataOffset)];
        IReadOnlyList<LabeledSentence> evaluation = spec.EvalSplit == EvalSplit.Selection
            ? SelectionSplit.Choose(data, chosen, all.Skip(end))
            : data.Dev;
        if (spec.EvalSamples is int first && first < evaluation.Count)
        {
            evaluation = [.. evaluation.Take(first)];
        }

        return new TrainingSubset(Permute(chosen, spec.OrderSeed), evaluation);
    }

    private static IReadOnlyList<LabeledSentence> Permute(IReadOnlyList<LabeledSentence> rows, long? seed) =>
        seed is long value ? [.. NumpyRandom.Permutation(value, rows.Count).Select(i => rows[i])] : rows;

    private static void Require(bool holds, string field, string sentence)
    {
        if (!holds)
        {
            throw RunFailure.BadData(sentence, field);
        }
    }
}
