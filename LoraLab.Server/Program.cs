using LoraLab.Server.Hosting;
using LoraLab.Server.Security;

return await ServerProgram.RunAsync(args, static builder =>
{
    builder.AddLoraLabOptions();
    builder.AddProblems();
    builder.AddObservability();
    builder.AddSecurity();
    builder.AddStore();
    builder.AddTrainer();
    builder.AddRuns();
    builder.AddExperiments();
    builder.AddStudies();
    builder.AddSweeps();
    builder.AddArtifacts();
    builder.AddQueue();
    builder.AddLive();
    builder.AddLibrary();
    builder.AddMachine();
    builder.AddApiDescription();
    builder.AddHealth();
}, static app =>
{
    app.UseProblems();
    app.UseSecurity();
    app.UseAliases();
    app.MapHealth();
    if (!app.ServesOnlyHealth())
    {
        app.MapRestApi();
        app.MapLiveChannel();
        app.MapApiDescription();
        app.MapPrometheus();
        app.MapHangfire();
        app.MapDashboard();
    }
});
