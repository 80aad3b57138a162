using System.CommandLine;
using LoraLab.Training.Catalog;
using LoraLab.Training.Worker;

namespace LoraLab.Training.Commands;

/// <summary>Verbs that the server uses; people have no use for them.</summary>
internal static class HiddenCommands
{
    public static Command Worker(TrainingConfiguration configuration) =>
        Hidden("worker", () => WorkerProgram.Run(new Services(configuration, TimeProvider.System), Console.In, Console.Out, Console.Error));

    public static Command Inspect(TrainingConfiguration configuration) =>
        Hidden("inspect", () => InspectProgram.Run(new Services(configuration, TimeProvider.System), Console.In, Console.Out));

    private static Command Hidden(string name, Func<int> run)
    {
        Command command = new(name) { Hidden = true };
        command.SetAction(_ => run());
        return command;
    }
}
