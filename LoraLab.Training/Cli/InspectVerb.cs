using System.CommandLine;
using LoraLab.Training.Cli.Worker;
using LoraLab.Training.Files;

namespace LoraLab.Training.Cli;

/// <summary>The hidden command <c>inspect</c>, a process that answers the server's requests.</summary>
internal static class InspectVerb
{
    public static Command Create(TrainingConfiguration configuration)
    {
        Command command = new("inspect") { Hidden = true };
        command.SetAction(_ => InspectProgram.Run(new TrainerServices(configuration, TimeProvider.System), Console.In, Console.Out));
        return command;
    }
}
