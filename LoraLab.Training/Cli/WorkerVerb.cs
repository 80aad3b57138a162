using System.CommandLine;
using LoraLab.Training.Cli.Worker;
using LoraLab.Training.Files;

namespace LoraLab.Training.Cli;

/// <summary>The hidden command <c>worker</c>, a process that executes one run for the server.</summary>
internal static class WorkerVerb
{
    public static Command Create(TrainingConfiguration configuration)
    {
        Command command = new("worker") { Hidden = true };
        command.SetAction(_ =>
            WorkerProgram.Run(new TrainerServices(configuration, TimeProvider.System), Console.In, Console.Out, Console.Error));
        return command;
    }
}
