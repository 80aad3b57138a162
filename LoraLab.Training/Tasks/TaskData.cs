using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Files;
using LoraLab.Training.Data;
using LoraLab.Training.Models;
using TorchSharp;

namespace LoraLab.Training.Tasks;

/// <summary>The rows of a run as tokens and targets.</summary>
/// <param name="spec">Specification of the run.</param>
/// <param name="dataset">Its dataset.</param>
/// <param name="train">Training examples in the order of every epoch, at least one.</param>
public abstract class TaskData(RunSpec spec, Dataset dataset, TrainingExample[] train)
{
    /// <summary>The task.</summary>
    public abstract TaskDescriptor Task { get; }

    /// <summary>
    /// Key of the run's primary metric: that of the dataset; that of the task where it names none, or where it is one of generated texts
    /// and the run generates none.
    /// </summary>
    public string Metric => GeneratesTooFew ? Task.Primary.Key : DatasetMetric.Key;

    /// <summary>Training examples in the order of every epoch.</summary>
    public TrainingExample[] Train { get; } = train;

    /// <summary>Tokens of the longest training example.</summary>
    public int LongestText => Train.Max(example => example.Ids.Length);

    /// <summary>Training rows on which the method calibrates before training, with the run's targets; empty: it does not.</summary>
    public IReadOnlyList<TrainingExample> Calibration { get; init; } = [];

    /// <summary>Number of evaluation rows.</summary>
    public abstract int EvaluationCount { get; }

    /// <summary>What a user should know about the run's rows and metrics, which does not stop the run.</summary>
    public IReadOnlyList<string> Warnings
    {
        get => GeneratesTooFew
            ? [.. field, $"Runs of dataset '{dataset.Name}' are compared by {DatasetMetric.Name}, which is not measured with "
                + $"generateSamples 0; this one is compared by {Task.Primary.Name}."]
            : field;
        init;
    } = [];

    /// <summary>Specification of the run.</summary>
    protected RunSpec Spec { get; } = spec;

    private MetricDescriptor DatasetMetric => TaskDescriptors.Of(Task.Id, dataset.Metric).Primary;

    private bool GeneratesTooFew => DatasetMetric.IsOfGenerated && Spec.GenerateSamples == 0;

    /// <summary>Creates the evaluation of the run's evaluation rows and uploads its indices to a device.</summary>
    /// <param name="config">Shape of the model.</param>
    /// <param name="device">Device of the evaluations.</param>
    public abstract TaskEvaluation CreateEvaluation(LlamaConfig config, torch.Device device);

    /// <summary>Adds what the task knows about the run's rows to the environment that an attempt reports.</summary>
    public virtual RunEnvironment Describe(RunEnvironment environment) => environment;

    /// <summary>Returns the evaluation rows as text, in evaluation order; computed when read.</summary>
    public abstract IEnumerable<EvaluationRow> EvaluationRows();

    /// <summary>Fingerprint of the texts around the rows.</summary>
    public abstract PromptFingerprint PromptFingerprint();

    /// <summary>Fingerprint of the training examples before the first step.</summary>
    public virtual TrainingFingerprint TrainingFingerprint()
    {
        using Sha256Hash subset = new();
        return new()
        {
            Dataset = Spec.Dataset,
            FilesSha256 = dataset.Files.ToDictionary(file => file.Name, file => file.Sha256),
            Sentences = Train.Length,
            Labels = new Dictionary<string, int>(),
            SubsetSha256 = subset.Add([.. Train.Select(example => example.Row)]).Hex(),
            EpochTokens = Train.Sum(example => (long)example.Ids.Length),
        };
    }

    /// <summary>Fingerprint of the evaluation rows.</summary>
    public abstract EvaluationFingerprint EvaluationFingerprint();

    /// <summary>Published figures with which the run can be compared, if it is the same experiment.</summary>
    /// <param name="fingerprint">Fingerprint of the run so far.</param>
    /// <param name="finished">Whether all steps are done.</param>
    public virtual IReadOnlyList<PaperFigure> PaperFigures(RunFingerprint fingerprint, bool finished) => [];
}
