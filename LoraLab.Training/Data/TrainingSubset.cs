using LoraLab.Contracts.Runs;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Data;

/// <summary>The training and evaluation rows of a run, selected by its specification.</summary>
public sealed class TrainingSubset
{
    private TrainingSubset(IReadOnlyList<LabeledSentence> consumed, IReadOnlyList<LabeledSentence> evaluation)
    {
        Consumed = consumed;
        Evaluation = evaluation;
    }

    /// <summary>Training rows in the order of every epoch.</summary>
    public IReadOnlyList<LabeledSentence> Consumed { get; }

    /// <summary>Evaluation rows in order; row numbers of the selection split refer to the training file.</summary>
    public IReadOnlyList<LabeledSentence> Evaluation { get; }

    /// <summary>Selects the rows of a run.</summary>
    /// <param name="data">Dataset of the run.</param>
    /// <param name="spec">Its specification: dataSeed, dataOffset, trainSamples, orderSeed, evalSplit and evalSamples are used.</param>
    /// <exception cref="RunFailure">A number is out of range, or the selection split has too few rows.</exception>
    public static TrainingSubset Select(ClassificationDataset data, RunSpec spec)
    {
        RequireBounds(spec);
        if (spec.DataOffset >= data.Train.Count)
        {
            throw RunFailure.BadData(
                $"dataOffset must be 0 to {data.Train.Count - 1}, because dataset '{data.Name}' has {data.Train.Count} "
                    + $"training rows; it is {spec.DataOffset}.",
                "dataOffset");
        }

        IReadOnlyList<LabeledSentence> all = Permute(data.Train, spec.DataSeed);
        int end = (int)Math.Min(data.Train.Count, (long)spec.DataOffset + spec.TrainSamples);
        LabeledSentence[] selected = [.. all.Skip(spec.DataOffset).Take(end - spec.DataOffset)];
        IReadOnlyList<LabeledSentence> evaluation = spec.EvalSplit == EvalSplit.Selection
            ? SelectionSplit.Select(data, selected, all.Skip(end))
            : data.Dev;
        if (spec.EvalSamples is int limit && limit < evaluation.Count)
        {
            evaluation = [.. evaluation.Take(limit)];
        }

        return new TrainingSubset(Permute(selected, spec.OrderSeed), evaluation);
    }

    private static IReadOnlyList<LabeledSentence> Permute(IReadOnlyList<LabeledSentence> rows, long? seed) =>
        seed is long value ? [.. NumpyRandom.Permutation(value, rows.Count).Select(i => rows[i])] : rows;

    private static void RequireBounds(RunSpec spec)
    {
        foreach (SpecFieldDescriptor field in SpecFieldCatalog.Of(spec).Fields.Where(field => field.Has(SpecRoles.Data)))
        {
            if (field.Problem(spec) is string problem)
            {
                throw RunFailure.BadData(problem, field.Name);
            }
        }
    }
}
