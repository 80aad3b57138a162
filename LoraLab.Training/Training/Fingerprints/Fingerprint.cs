using LoraLab.Contracts.Runs;
using LoraLab.Files;
using LoraLab.Training.Data;
using LoraLab.Training.Training.Optimization;

namespace LoraLab.Training.Training.Fingerprints;

/// <summary>Computes the fingerprint of a run.</summary>
public static class Fingerprint
{
    /// <summary>Returns the fingerprint before the first step; <see cref="After"/> adds consumed rows and the paper's figures.</summary>
    /// <param name="run">The run.</param>
    /// <param name="model">Hashes of the model's files.</param>
    /// <param name="start">Fingerprint of the initial factors from an earlier attempt; null: it is computed.</param>
    public static RunFingerprint Of(PreparedRun run, ModelFingerprint model, AdapterFingerprint? start)
    {
        return new()
        {
            Model = model,
            Prompt = Prompt(run),
            Training = Training(run),
            Evaluation = Evaluation(run),
            Adapter = start ?? new()
            {
                Svd = [.. run.Adapters.Select(adapter => adapter.Svd).OfType<string>().Distinct().Order(StringComparer.Ordinal)],
                InitialSha256 = AdapterHash.Of(run.Adapters),
            },
            Environment = run.Environment,
        };
    }

    /// <summary>Returns the fingerprint after some steps.</summary>
    /// <param name="before">The fingerprint so far.</param>
    /// <param name="run">The run.</param>
    /// <param name="consumed">The rows consumed.</param>
    /// <param name="scaler">The loss scaler.</param>
    /// <param name="finished">Whether all steps are done, so that the factors are final.</param>
    public static RunFingerprint After(RunFingerprint before, PreparedRun run, ConsumedRows consumed, LossScaler scaler, bool finished)
    {
        TrainingFingerprint training = before.Training with
        {
            Steps = consumed.Steps,
            ConsumedTokens = consumed.Tokens,
            ConsumedSha256 = consumed.Sha256,
            LossScale = scaler.Scale,
            Overflows = scaler.Overflows,
        };
        return before with
        {
            Training = training,
            Adapter = before.Adapter with { FinalSha256 = finished ? AdapterHash.Of(run.Adapters) : null },
            Paper = PaperProtocol.Figures(run.Spec, before.Model, training, before.Evaluation, finished),
        };
    }

    private static PromptFingerprint Prompt(PreparedRun run)
    {
        string template = PromptTemplate.Parse(run.Spec.Prompt).Text;
        using Sha256Hash prompt = new();
        using Sha256Hash labels = new();
        foreach (EvaluationExample example in run.EvaluationExamples)
        {
            foreach (int[] ids in example.LabelIds)
            {
                labels.Add(ids);
            }
        }

        return new()
        {
            Name = run.Spec.Prompt,
            Template = template,
            Sha256 = prompt.Add(template).Add(run.Spec.StripSentence ? 1 : 0).Hex(),
            LabelIds = run.Labels.Select((word, i) => (word, Ids: run.EvaluationExamples[0].LabelIds[i]))
                .ToDictionary(label => label.word, label => (IReadOnlyList<int>)label.Ids),
            LabelIdsSha256 = labels.Hex(),
        };
    }

    private static TrainingFingerprint Training(PreparedRun run)
    {
        using Sha256Hash subset = new();
        return new()
        {
            Dataset = run.Spec.Dataset,
            FilesSha256 = run.Data.Files.ToDictionary(file => file.Name, file => file.Sha256),
            Sentences = run.Train.Length,
            Labels = run.Environment.TrainLabels,
            SubsetSha256 = subset.Add([.. run.Train.Select(example => example.Row)]).Hex(),
            EpochTokens = run.Train.Sum(example => (long)example.Ids.Length),
        };
    }

    private static EvaluationFingerprint Evaluation(PreparedRun run)
    {
        using Sha256Hash rows = new();
        foreach (LabeledSentence row in run.Subset.Evaluation)
        {
            rows.Add(row.Row, row.Label).Add(row.Sentence);
        }

        return new()
        {
            Split = run.Spec.EvalSplit,
            Rows = run.Subset.Evaluation.Count,
            Labels = run.Environment.EvalLabels,
            Sha256 = rows.Hex(),
        };
    }
}
