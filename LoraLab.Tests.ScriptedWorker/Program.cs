using LoraLab.Tests.ScriptedWorker;

// A trainer that trains nothing: it speaks the two hidden verbs as the real one does, and behaves as badly as a test asks.
return args switch
{
    ["worker"] => ScriptedRun.Serve(),
    ["inspect"] => Inspector.Serve(),
    ["doctor"] => Doctor(),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: worker | inspect");
    return 2;
}

// Nothing is loaded, so nothing can be wrong, unless a test says so.
static int Doctor()
{
    string? problem = Environment.GetEnvironmentVariable("SCRIPTED_DOCTOR");
    Console.WriteLine(problem is null ? "No problems found." : $"problem  {problem}");
    return problem is null ? 0 : 1;
}
