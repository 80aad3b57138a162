using System.CommandLine;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Catalog;
using LoraLab.Training.Commands;
using LoraLab.Training.Errors;
using LoraLab.Training.Worker;

try
{
    TrainingConfiguration configuration = TrainingConfiguration.Load();
    RootCommand root = new("LoraLab's trainer: five LoRA methods under identical conditions.")
    {
        TrainCommand.Create(configuration),
        EstimateCommand.Create(configuration),
        EvaluateCommand.Create(configuration),
        MethodsCommand.Create(),
        DoctorCommand.Create(configuration),
        PullCommand.Create(configuration),
        MergeCommand.Create(configuration),
        MakeModelCommand.Create(),
        HiddenCommands.Worker(configuration),
        HiddenCommands.Inspect(configuration),
    };
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (RunFailure failure)
{
    await Console.Error.WriteLineAsync(failure.Message);
    return ExitCodes.Failure;
}
