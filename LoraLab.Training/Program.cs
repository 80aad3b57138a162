using System.CommandLine;
using LoraLab.Training.Cli;
using LoraLab.Training.Files;

return await CommandEnd.RunAsync(
    async () =>
    {
        TrainingConfiguration configuration = TrainingConfiguration.Load();
        LibtorchStart.Apply(configuration, args);
        RootCommand root = new("LoraLab's trainer: trains LoRA methods under identical conditions.")
        {
            TrainCommand.Create(configuration),
            EstimateCommand.Create(configuration),
            EvaluateCommand.Create(configuration),
            MethodsCommand.Create(),
            FieldsCommand.Create(),
            DoctorCommand.Create(configuration),
            PullCommand.Create(configuration),
            MergeCommand.Create(configuration),
            ExportCommand.Create(configuration),
            TokenizeCommand.Create(configuration),
            GenerateCommand.Create(configuration),
            MakeModelCommand.Create(),
            WorkerVerb.Create(configuration),
            InspectVerb.Create(configuration),
            PredictVerb.Create(configuration),
            LaunchesVerb.Create(),
        };
        return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    },
    Console.Error);
