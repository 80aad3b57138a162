using LoraLab.Server.Composition;

return await ServerProgram.RunAsync(args, static builder =>
{
    builder.AddLoraLabOptions();
    builder.AddProblems();
    builder.AddStore();
    builder.AddTrainer();
    builder.AddRuns();
    builder.AddArtifacts();
    builder.AddQueue();
    builder.AddLive();
    builder.AddMachine();
    builder.AddApiDescription();
    builder.AddHealth();
}, static app =>
{
    app.UseProblems();
    app.MapRestApi();
    app.MapLiveChannel();
    app.MapApiDescription();
    app.MapHealth();
    app.MapDashboard();
});
