using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Files;
using Spectre.Console;

namespace LoraLab.Training.Cli;

/// <summary><c>estimate --spec FILE</c>: the memory that a run needs, before it runs.</summary>
internal static class EstimateCommand
{
    public static Command Create(TrainingConfiguration configuration)
    {
        Option<FileInfo> spec = new("--spec") { Description = "Run specification, a JSON file.", Required = true };
        Option<bool> asJson = new("--json") { Description = "Print the estimate as JSON." };
        Command command = new("estimate", "Estimate a run's peak memory and compare it with the budget.") { spec, asJson };
        command.SetAction(result => Run(configuration, result.GetRequiredValue(spec), result.GetValue(asJson)));
        return command;
    }

    private static int Run(TrainingConfiguration configuration, FileInfo specFile, bool asJson)
    {
        TrainerServices services = new(configuration, TimeProvider.System, allowPaths: true);
        // What is printed as JSON is nothing but JSON.
        IAnsiConsole told = asJson ? AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) }) : AnsiConsole.Console;
        if (SpecFile.Complete(services, SpecFile.Read(specFile), told) is not RunSpec spec)
        {
            return ExitCodes.BadUsage;
        }

        foreach (string warning in configuration.Warnings)
        {
            told.MarkupLineInterpolated($"[yellow]{warning}[/]");
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

    private static void Print(MemoryEstimate estimate)
    {
        string precision = estimate.Precision.ToString().ToLowerInvariant();
        Table table = new Table().AddColumns(new TableColumn("component"), new TableColumn("MiB").RightAligned(), new TableColumn("what it is"));
        Row("weights", estimate.WeightsMb, $"frozen base in {precision}");
        Row("adapters", estimate.AdaptersMb, "factors in fp32");
        Row("optimizer", estimate.OptimizerMb, "gradients and both moments");
        Row("indices", estimate.IndicesMb, "of all passes");
        Row("process", estimate.ProcessMb, estimate.Device == "cpu" ? "runtime, libraries, data" : "driver's context");
        Row("activations", estimate.ActivationsMb, $"kept of {estimate.PassTokens} tokens in {estimate.PassSentences} sentences");
        Row("block", estimate.BlockMb, "temporaries of one block");
        Row("logits", estimate.LogitsMb, "of one chunk; not at the same time as a block's");
        Row("evaluation", estimate.EvaluationMb, $"a pass of {estimate.EvaluationTokens} tokens; not at the same time as training");
        Row("allocator", estimate.AllocatorMb, "gaps in the heap, compiled kernels, garbage");
        table.AddEmptyRow();
        Row("training steps", estimate.TrainingMb, "what a run reports as peakMemoryMb");
        Row("total", estimate.TotalMb, $"the peak is {(estimate.Peak == MemoryPeak.Evaluation ? "an evaluation" : "a training step")} on {estimate.Device}");
        AnsiConsole.Write(table);
        AnsiConsole.WriteLine(estimate.Advice ?? (estimate.BudgetMb is int budget ? $"It fits the budget of {budget} MiB." : "There is no budget."));

        void Row(string component, double mebibytes, string what) =>
            table.AddRow(new Text(component), new Text(mebibytes.ToString("N0", CultureInfo.InvariantCulture)), new Text(what));
    }
}
