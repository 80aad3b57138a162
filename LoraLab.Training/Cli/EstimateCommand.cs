using System.CommandLine;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Memory;
using LoraLab.Training.Training.Memory;
using Spectre.Console;

namespace LoraLab.Training.Cli;

/// <summary>
/// The command <c>estimate --spec FILE</c>, which estimates the memory of a run, or <c>--configs FOLDER</c>, which prints a table of
/// models.
/// </summary>
internal static class EstimateCommand
{
    public static Command Create(TrainingConfiguration configuration)
    {
        Option<FileInfo> spec = SpecFile.Option();
        Option<bool> asJson = new("--json") { Description = "Print the estimate as JSON." };
        Option<DirectoryInfo?> configs = PathOption.Folder("--configs", "Folder of configurations (NAME.json): print which models fit.");
        Option<FileInfo?> config = new("--config")
        {
            Description = "A model's config.json: print the parts of LoRA with rank 16 on all linear layers, base in nf4-double, on a GPU.",
        };
        Option<int> budget = new("--budget-mb")
        {
            Description = "With --configs or --config: memory of the card, MiB.",
            DefaultValueFactory = _ => 8192,
        };
        spec.Required = false;
        Command command = new("estimate", "Estimate the peak memory of a run and compare it with its budget.")
        {
            spec, asJson, configs, config, budget,
        };
        command.SetAction(result => result.GetValue(configs) is DirectoryInfo folder
            ? PrintTable(folder, result.GetValue(budget))
            : result.GetValue(config) is FileInfo one ? PrintParts(one, result.GetValue(budget))
            : result.GetValue(spec) is FileInfo file ? Run(configuration, file, result.GetValue(asJson)) : MissingSpec());
        return command;
    }

    private static int MissingSpec()
    {
        Console.Error.WriteLine("Option '--spec' is required: the file of the run whose memory to estimate.");
        return ExitCodes.BadUsage;
    }

    private static int PrintTable(DirectoryInfo folder, int budgetMb)
    {
        if (!folder.Exists)
        {
            throw RunFailure.BadData($"--configs: the folder {folder.FullName} does not exist.", "configs");
        }

        Console.Write(FitTable.Markdown(
            folder.EnumerateFiles("*.json").Select(file => file.FullName).Order(StringComparer.Ordinal), budgetMb));
        return ExitCodes.Success;
    }

    private static int PrintParts(FileInfo file, int budgetMb)
    {
        if (!file.Exists)
        {
            throw RunFailure.BadData($"--config: the file {file.FullName} does not exist.", "config");
        }

        MemoryEstimate estimate = FitTable.Estimate(
            FitTable.FourBits,
            LlamaConfig.ReadFile(file.FullName).WithBase(BaseWeights.Nf4Double),
            budgetMb,
            processBytes: ProcessMemory.AssumedContext) with
        { Device = "cuda" };
        Print(estimate);
        return estimate.Fits ? ExitCodes.Success : ExitCodes.OverBudget;
    }

    private static int Run(TrainingConfiguration configuration, FileInfo specFile, bool asJson)
    {
        TrainerServices services = new(configuration, TimeProvider.System, allowPaths: true);
        // With --json, stdout contains only JSON: warnings and errors go to stderr.
        IAnsiConsole console = asJson
            ? AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) })
            : AnsiConsole.Console;
        if (SpecFile.Complete(services, SpecFile.Read(specFile), console) is not RunSpec spec)
        {
            return ExitCodes.BadUsage;
        }

        foreach (string warning in configuration.Warnings)
        {
            console.MarkupLineInterpolated($"[yellow]{warning}[/]");
        }

        MemoryEstimate estimate = services.Memory().Estimate(spec);
        if (asJson)
        {
            Console.WriteLine(JsonSerializer.Serialize(estimate, ContractJson.Indented));
        }
        else
        {
            Print(estimate);
        }

        return estimate.Fits ? ExitCodes.Success : ExitCodes.OverBudget;
    }

    private static string Place(MemoryPeak peak) => peak switch
    {
        MemoryPeak.Evaluation => "an evaluation",
        MemoryPeak.Calibration => "the calibration",
        _ => "a training step",
    };

    private static void Print(MemoryEstimate estimate)
    {
        string precision = estimate.Precision.ToString().ToLowerInvariant();
        Table table = new Table()
            .AddColumns(new TableColumn("component"), new TableColumn("MiB").RightAligned(), new TableColumn("description"));
        string form = EnumWords.Of(estimate.BaseWeights);
        Row("weights", estimate.WeightsMb, "frozen base weights:");
        Row("  linear layers", estimate.LinearsMb, estimate.BaseWeights == BaseWeights.AsStored ? $"in {precision}" : $"in {form}");
        if (estimate.BufferMb > 0)
        {
            Row("  buffer", estimate.BufferMb, $"the numbers of one layer at a time, in {precision}");
        }

        Row("  embeddings, norms, head", estimate.HeadMb, $"in {precision}");
        Row("adapters", estimate.AdaptersMb, "factors in fp32");
        Row("optimizer", estimate.OptimizerMb, "gradients and both AdamW moments");
        Row("indices", estimate.IndicesMb, "token indices of all passes");
        Row("process", estimate.ProcessMb, estimate.Device == "cpu" ? "runtime, libraries, data" : "CUDA context, assumed");
        Row(
            "activations",
            estimate.ActivationsMb,
            $"saved for the backward pass: {estimate.PassTokens} tokens in {estimate.PassSentences} sentences");
        Row(
            "block",
            estimate.BlockMb,
            estimate.Recompute == Recompute.Blocks ? "workspace of one block, which is computed again" : "workspace of one block");
        Row("logits", estimate.LogitsMb, "one chunk; not at the same time as a block's workspace");
        Row("evaluation", estimate.EvaluationMb, $"one pass of {estimate.EvaluationTokens} tokens; not at the same time as training");
        if (estimate.CalibrationMb > 0)
        {
            Row("calibration", estimate.CalibrationMb, "before training, without optimizer and passes");
        }

        Row(
            "allocator",
            estimate.AllocatorMb,
            estimate.Device == "cpu" ? "heap fragmentation, compiled kernels, garbage" : "slack of the pool of GPU memory");
        table.AddEmptyRow();
        Row("training steps", estimate.TrainingMb, "peakMemoryMb of the run");
        Row(
            "total",
            estimate.TotalMb,
            $"peak on {estimate.Device}, in {Place(estimate.Peak)}");
        AnsiConsole.Write(table);
        AnsiConsole.WriteLine(estimate.Advice ?? (estimate.BudgetMb is int budget
            ? $"The run {(estimate.Fits ? "fits" : "exceeds")} its budget of {NumberFormat.Mebibytes(budget)}."
            : "The run has no memory budget."));

        void Row(string component, double mebibytes, string description) =>
            table.AddRow(new Text(component), new Text(NumberFormat.Count((long)Math.Round(mebibytes))), new Text(description));
    }
}
