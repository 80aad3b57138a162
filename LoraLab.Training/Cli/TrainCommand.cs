using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Training.Recording;
using Spectre.Console;

namespace LoraLab.Training.Cli;

/// <summary>The command <c>train --spec FILE --out DIR</c>, which trains one run without a server.</summary>
internal static class TrainCommand
{
    public static Command Create(TrainingConfiguration configuration)
    {
        Option<FileInfo> spec = SpecFile.Option();
        Option<DirectoryInfo> output = PathOption.RequiredFolder("--out", "Run directory.");
        Option<bool> resume = new("--resume") { Description = "Resume from the last checkpoint in the run directory." };
        Command command = new("train", "Train one run without a server.") { spec, output, resume };
        command.SetAction(result =>
            Run(configuration, result.GetRequiredValue(spec), result.GetRequiredValue(output), result.GetValue(resume)));
        return command;
    }

    private static int Run(TrainingConfiguration configuration, FileInfo specFile, DirectoryInfo output, bool resume)
    {
        TrainerServices services = new(configuration, TimeProvider.System, allowPaths: true);
        JsonNode? json = SpecFile.Read(specFile);
        if (SpecFile.Complete(services, json, AnsiConsole.Console) is not RunSpec spec)
        {
            return ExitCodes.BadUsage;
        }

        foreach (string warning in configuration.Warnings)
        {
            AnsiConsole.MarkupLineInterpolated($"[yellow]{warning}[/]");
        }

        using StopSignal stop = new();
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Cancel(context, stop));
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Cancel(context, stop));
        return ExitCodes.FromEndReason(Train(services, json, spec, output.FullName, resume, stop));
    }

    private static EndReason? Train(TrainerServices services, JsonNode? json, RunSpec spec, string folder, bool resume, StopSignal stop)
    {
        RunDirectory directory = new(folder);
        int number = directory.NextAttempt();
        if (number > 1 && !resume)
        {
            throw RunFailure.BadData(
                $"{directory.FullPath} already contains a run; resume it with --resume, or set --out to another folder.");
        }

        directory.WriteSpec(spec);
        string attempt = directory.AttemptFolder(number);
        using EventLog events = new(attempt, services.Clock);
        RunRecorder recorder = new(directory, events, RunLog.ToFile(attempt, services.Clock, AnsiConsole.WriteLine), services.Clock);
        EndReason? reason = services.Attempt(recorder, stop).Execute(json, resume);
        AnsiConsole.WriteLine($"Run directory: {directory.FullPath}");
        return reason;
    }

    private static void Cancel(PosixSignalContext context, StopSignal stop)
    {
        context.Cancel = true;
        stop.Cancel();
    }
}
