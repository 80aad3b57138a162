using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tasks;
using LoraLab.Training.Training;
using Spectre.Console;

namespace LoraLab.Training.Cli;

/// <summary>
/// The command <c>evaluate</c>, which evaluates a model, with or without an adapter, on a dataset. An adapter that a run trained brings the
/// run's model, dataset, prompt and other settings along; options replace them one by one.
/// </summary>
internal static class EvaluateCommand
{
    public static Command Create(TrainingConfiguration configuration)
    {
        Option<string?> model = new("--model") { Description = "Model by name (default: that of the adapter, else sample)." };
        Option<string?> dataset = new("--dataset") { Description = "Dataset by name (default: that of the run, else sample)." };
        Option<string?> adapter = AdapterOption.Create(" (default: none, the base model)");
        Option<string?> prompt = new("--prompt")
        {
            Description = "Prompt preset or template (default: that of the run, else that of the dataset).",
        };
        Option<int?> samples = new("--samples") { Description = "First rows of the split (default: those of the run, else all)." };
        Option<string?> split = new("--split") { Description = "dev or selection (default: that of the run, else dev)." };
        split.AcceptOnlyFromAmong("dev", "selection");
        Option<string?> chatTemplate = new("--chat-template")
        {
            Description = "Chat template (default: that of the run, else the model's own).",
        };
        Option<string?> scope = new("--loss-scope") { Description = "full or completion (default: that of the run, else full)." };
        scope.AcceptOnlyFromAmong("full", "completion");
        Option<int?> generate = new("--generate")
        {
            Description = "First rows for which a text is generated (default: those of the run, else none).",
        };
        Option<string?> score = new("--label-score")
        {
            Description = "sum or meanPerToken: the score by which a label is predicted (default: that of the run, else sum).",
        };
        score.AcceptOnlyFromAmong("sum", "meanPerToken");
        Option<FileInfo?> predictions = PathOption.File("--predictions", "File for the predictions of all rows (JSON).");
        Command command = new("evaluate", "Evaluate a model, with or without an adapter, on a dataset.")
        {
            model, dataset, adapter, prompt, samples, split, chatTemplate, scope, generate, score, predictions,
        };
        command.SetAction(result => Run(
            configuration,
            new EvaluationRequest(
                result.GetValue(adapter),
                result.GetValue(model),
                result.GetValue(dataset),
                result.GetValue(prompt),
                result.GetValue(samples),
                Word<EvalSplit>(result.GetValue(split)))
            {
                ChatTemplate = result.GetValue(chatTemplate),
                LossScope = Word<LossScope>(result.GetValue(scope)),
                GenerateSamples = result.GetValue(generate),
                LabelScore = Word<LabelScore>(result.GetValue(score)),
            },
            result.GetValue(predictions)));
        return command;
    }

    private static T? Word<T>(string? word)
        where T : struct, Enum => word is null ? null : Enum.Parse<T>(word, ignoreCase: true);

    private static int Run(TrainingConfiguration configuration, EvaluationRequest request, FileInfo? predictions)
    {
        if (predictions?.Directory is { Exists: false } folder)
        {
            throw RunFailure.BadData($"--predictions: the folder {folder.FullName} does not exist; create it.", "predictions");
        }

        TrainerServices services = new(configuration, TimeProvider.System, allowPaths: true);
        return AdapterOption.Run(() =>
        {
            using PreparedRun run = request.Prepare(services, out RunFingerprint? trained);
            foreach (string warning in trained is null ? [] : run.Warnings)
            {
                Console.Error.WriteLine($"warning: {warning}");
            }

            EvaluationOutcome outcome = run.Evaluation.Run(run.Model, CancellationToken.None);
            if (predictions is not null)
            {
                Write(predictions, run, outcome, trained?.Training.Steps ?? 0);
            }

            AnsiConsole.WriteLine(JsonSerializer.Serialize(Result(request, run, outcome), ContractJson.Indented));
            return ExitCodes.Success;
        });
    }

    private static Dictionary<string, object?> Result(EvaluationRequest request, PreparedRun run, EvaluationOutcome outcome)
    {
        RunSpec spec = run.Spec;
        Dictionary<string, object?> result = new()
        {
            ["model"] = spec.Model,
            ["modelRevision"] = run.Environment.ModelRevision,
            ["dataset"] = spec.Dataset,
            ["datasetRevision"] = run.Environment.DatasetRevision,
            ["adapter"] = request.Adapter,
            ["prompt"] = spec.Prompt,
            ["stripSentence"] = spec.StripSentence,
            ["split"] = spec.EvalSplit,
            ["samples"] = spec.EvalSamples,
            ["precision"] = spec.Precision,
        };
        if (spec.EvalSplit == EvalSplit.Selection)
        {
            (result["dataSeed"], result["dataOffset"], result["trainSamples"]) = (spec.DataSeed, spec.DataOffset, spec.TrainSamples);
        }

        if (outcome.Correct is int correct)
        {
            result["correct"] = correct;
        }

        result["rows"] = outcome.Rows;
        foreach ((string key, double value) in outcome.Metrics)
        {
            result[key[(key.IndexOf('/', StringComparison.Ordinal) + 1)..]] =
                key == MetricKeys.EvalLoss ? value.ToString("R", CultureInfo.InvariantCulture) : value;
        }

        foreach ((string key, JsonNode? value) in outcome.Details)
        {
            result[key] = value;
        }

        return result;
    }

    /// <summary>Writes the document of the predictions route.</summary>
    private static void Write(FileInfo file, PreparedRun run, EvaluationOutcome outcome, int step)
    {
        PredictionSet document = PredictionSet.FromTable(
            step, outcome.Predictions.Rows.Prepend(outcome.Predictions.Columns), run.Data.EvaluationRows());
        try
        {
            File.WriteAllText(file.FullName, JsonSerializer.Serialize(document, ContractJson.Indented) + "\n");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw RunFailure.BadData($"--predictions: {file.FullName} cannot be written: {problem.Message}", "predictions", problem);
        }
    }
}
