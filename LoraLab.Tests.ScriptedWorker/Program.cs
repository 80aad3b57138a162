using LoraLab.Tests.ScriptedWorker;

// A trainer that trains nothing: it speaks the two hidden verbs as the real one does, and behaves as badly as a test asks.
return args switch
{
    ["worker"] => ScriptedRun.Serve(),
    ["inspect"] => Inspector.Serve(),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: worker | inspect");
    return 2;
}
