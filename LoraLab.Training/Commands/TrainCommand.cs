using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Catalog;
using LoraLab.Training.Engine;
using LoraLab.Training.Errors;
using LoraLab.Training.Worker;
using Spectre.Console;

namespace LoraLab.Training.Commands;

/// <summary><c>train --spec FILE --out DIR</c>: one run without a server, or with several <c>--spec</c> runs that train together.</summary>
internal static class TrainCommand
{
    public static Command Create(TrainingConfiguration configuration)
    {
        Option<FileInfo[]> specs = new("--spec")
        {
            Description = "Run specification, a JSON file. Several: the runs train together over one set of frozen products, each in a folder of --out with its file's name.",
            Required = true,
            Arity = ArgumentArity.OneOrMore,
        };
        Option<DirectoryInfo> output = new("--out") { Description = "Run directory to create.", Required = true };
        Option<bool> resume = new("--resume") { Description = "Go on from the last checkpoint of the run directory." };
        Command command = new("train", "Train one run without a server, or several together.") { specs, output, resume };
        command.SetAction(result => Run(configuration, result.GetRequiredValue(specs), result.GetRequiredValue(output), result.GetValue(resume)));
        return command;
    }

    private static int Run(TrainingConfiguration configuration, FileInfo[] specFiles, DirectoryInfo output, bool resume)
    {
        Services services = new(configuration, TimeProvider.System, allowPaths: true);
        JsonNode?[] specs = [.. specFiles.Select(SpecFile.Read)];
        List<RunSpec> valid = [];
        foreach ((FileInfo file, JsonNode? json) in specFiles.Zip(specs))
        {
            if (SpecFile.Complete(services, json, AnsiConsole.Console, specFiles.Length > 1 ? file.Name + ": " : "") is not RunSpec spec)
            {
                return ExitCodes.BadUsage;
            }

            valid.Add(spec);
        }

        foreach (string warning in configuration.Warnings)
        {
            AnsiConsole.MarkupLineInterpolated($"[yellow]{warning}[/]");
        }

        using StopSignal stop = new();
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Cancel(context, stop));
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Cancel(context, stop));
        return specs.Length == 1
            ? ExitCodes.Of(Alone(services, specs[0], valid[0], output.FullName, resume, stop))
            : Together(services, specFiles, specs, valid, output.FullName, resume, stop);
    }

    private static EndReason? Alone(Services services, JsonNode? json, RunSpec spec, string folder, bool resume, StopSignal stop)
    {
        RunDirectory directory = new(folder);
        int number = directory.NextAttempt();
        if (number > 1 && !resume)
        {
            throw RunFailure.BadData($"{directory.FullPath} already holds a run: go on with it by --resume, or name another directory with --out.");
        }

        directory.WriteSpec(spec);
        string attempt = directory.AttemptFolder(number);
        using EventLog events = new(attempt, services.Clock);
        RunRecorder recorder = new(directory, events, RunLog.ToFile(attempt, services.Clock, AnsiConsole.WriteLine), services.Clock);
        EndReason? reason = services.Execution().Execute(json, recorder, stop, resume);
        AnsiConsole.WriteLine($"run directory: {directory.FullPath}");
        return reason;
    }

    private static int Together(Services services, FileInfo[] files, JsonNode?[] specs, List<RunSpec> valid, string folder, bool resume, StopSignal stop)
    {
        string[] names = [.. files.Select(file => Path.GetFileNameWithoutExtension(file.Name))];
        if (names.GroupBy(name => name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            throw RunFailure.BadData($"--spec names two files called '{twice.Key}': each run's folder has its file's name, so name them differently.");
        }

        if (resume)
        {
            throw RunFailure.BadData("--resume goes with one --spec: runs that trained together go on alone, each from its own folder.");
        }

        GangRules.Require(valid);
        EndReason?[] reasons = TrainTogether(services, names, specs, valid, folder, stop);
        for (int i = 0; i < names.Length; i++)
        {
            if (reasons[i] == EndReason.OutOfMemory)
            {
                AnsiConsole.WriteLine($"{names[i]}: together the runs need more memory than there is; this one goes on alone");
                reasons[i] = Alone(services, specs[i], valid[i], Path.Combine(folder, names[i]), resume: true, stop);
            }
        }

        return reasons.Select(reason => ExitCodes.Of(reason)).FirstOrDefault(code => code != ExitCodes.Success);
    }

    private static EndReason?[] TrainTogether(Services services, string[] names, JsonNode?[] specs, List<RunSpec> valid, string folder, StopSignal stop)
    {
        using Disposables owned = new();
        List<(JsonNode?, RunRecorder, StopSignal)> members = [];
        for (int i = 0; i < names.Length; i++)
        {
            RunDirectory directory = new(Path.Combine(folder, names[i]));
            if (directory.NextAttempt() > 1)
            {
                throw RunFailure.BadData($"{directory.FullPath} already holds a run: name another directory with --out.");
            }

            directory.WriteSpec(valid[i]);
            string name = names[i];
            string attempt = directory.AttemptFolder(1);
            EventLog events = owned.Add(new EventLog(attempt, services.Clock));
            members.Add((specs[i], new RunRecorder(directory, events, RunLog.ToFile(attempt, services.Clock, line => AnsiConsole.WriteLine($"{name}: {line}")), services.Clock), stop));
        }

        return [.. services.Execution().ExecuteTogether(members)];
    }

    private static void Cancel(PosixSignalContext context, StopSignal stop)
    {
        context.Cancel = true;
        stop.Cancel();
    }
}
